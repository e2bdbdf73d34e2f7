// For advocacy/tests/keyboard.py: finds every field, menu and dialog of a page, presses keys in each, and notes whatever
// happens. Once armed nothing really leaves the page: no request, no navigation, no form.
(() => {
  const FIELDS = "textarea, select, [contenteditable=true], input:not([type=hidden], [type=checkbox], [type=radio], [type=submit], [type=button], [type=file], [type=color], [type=range])";
  const ITEMS = ".menu-body :is(a, button, input[type=checkbox])";
  const BY_THEMSELVES = /\/(renew|news|delivery\/count)\/|^GET \/queue\//; // what the page asks now and then, whatever is pressed
  const all = (selector, area = document) => [...area.querySelectorAll(selector)];
  let armed = false;
  let effects = [];
  let spot = null; // {element, kind, label, scopes, menu, dialog}

  // --- what happens ------------------------------------------------------------------------------------------------

  const nameOf = (element) => element.id ? `#${element.id}` : `${element.tagName.toLowerCase()} “${(element.name || element.textContent || "").trim().slice(0, 30)}”`;
  function relation(element) {
    if (!spot || !element) return "something";
    if (element === spot.element || element.contains(spot.element) && element.matches("label, summary")) return "itself";
    const { form } = spot.element;
    if (form && (element === form || element.form === form)) return "its form";
    return nameOf(element);
  }
  const path = (url) => new URL(url, location.href).pathname;
  const note = (kind, what) => { effects.push(`${kind} ${what}`); };

  addEventListener("submit", (event) => { if (armed) { event.preventDefault(); note("submit", relation(event.target)); } }, true);
  addEventListener("click", (event) => {
    if (!armed) return;
    note("click", relation(event.target.closest("a, button, input, summary, label") || event.target));
    if (event.target.closest("a")) event.preventDefault();
  }, true);
  window.navigation?.addEventListener("navigate", (event) => {
    if (!armed) return;
    note("go", path(event.destination.url));
    if (event.cancelable) event.preventDefault();
  });
  const real = { fetch: window.fetch, send: XMLHttpRequest.prototype.send, open: XMLHttpRequest.prototype.open, beacon: navigator.sendBeacon, submit: HTMLFormElement.prototype.submit, window: window.open, confirm: window.confirm };
  window.fetch = (url, options = {}) => {
    if (!armed) return real.fetch.call(window, url, options);
    const asked = `${options.method || "GET"} ${path(url)}`;
    if (!BY_THEMSELVES.test(asked)) note("fetch", asked);
    return new Promise(() => {});
  };
  XMLHttpRequest.prototype.open = function open(method, url, ...rest) { this.asked = `${method} ${path(url)}`; return real.open.call(this, method, url, ...rest); };
  XMLHttpRequest.prototype.send = function send(...given) { if (!armed) return real.send.apply(this, given); note("fetch", this.asked); };
  navigator.sendBeacon = (url, body) => (armed ? (note("fetch", `POST ${path(url)}`), true) : real.beacon.call(navigator, url, body));
  HTMLFormElement.prototype.submit = function submit() { if (!armed) return real.submit.call(this); note("submit", relation(this)); };
  window.open = (...given) => { if (!armed) return real.window.apply(window, given); note("window", given[0]); return null; };
  window.confirm = (words) => { if (!armed) return real.confirm(words); note("confirm", words); return false; };

  // --- what stands -------------------------------------------------------------------------------------------------

  const valueOf = (field) => (field.matches("[contenteditable]") ? field.textContent : `${field.value}${field.checked ?? ""}`);
  const state = () => ({
    open: all("details").map((each) => Number(each.open)).join(""),
    dialogs: all("dialog, [popover]").filter((each) => each.matches("[open], :popover-open")).map(nameOf).join(),
    focus: spot && document.activeElement === spot.element ? "here" : nameOf(document.activeElement),
    others: all(`${FIELDS}, input`).filter((each) => each !== spot?.element).map(valueOf).join("\u0001"),
    rows: all("#rows > .row").map((row) => `${row.className}${Boolean(row.querySelector(".peek"))}`).join(),
    frame: `${document.getElementById("desk")?.dataset.tab} ${document.getElementById("actions")?.className}`,
  });

  // Whatever `state` looks at changes by one of these. Only then is all of it read again, and once more for each key.
  let stirred = false;
  const stir = () => { stirred = true; };
  const observer = new MutationObserver(stir);
  for (const name of ["input", "change", "reset", "beforetoggle"]) addEventListener(name, stir, true);
  for (const [kind, names] of [[HTMLInputElement, ["value", "checked"]], [HTMLTextAreaElement, ["value"]], [HTMLSelectElement, ["value", "selectedIndex"]], [HTMLOptionElement, ["selected"]]]) {
    for (const name of names) {
      const { get, set } = Object.getOwnPropertyDescriptor(kind.prototype, name);
      Object.defineProperty(kind.prototype, name, { configurable: true, enumerable: true, get, set(value) { stir(); set.call(this, value); } });
    }
  }
  function hasStirred(focused) {
    const mutated = observer.takeRecords().length > 0;
    const has = stirred || mutated || document.activeElement !== focused;
    stirred = false;
    return has;
  }

  const changed = (before, after) => Object.keys(before).filter((name) => before[name] !== after[name]);

  // --- where keys are pressed -----------------------------------------------------------------------------------------

  const isSeen = (element) => element.getClientRects().length > 0;
  const within = (element) => ({ menu: element.closest("details.menu"), dialog: element.closest("dialog, [popover]") });

  function scopesOf(element, dialog) {
    if (dialog) return element.id === "palette-text" ? ["palette"] : ["dialog"];
    if (element.matches(ITEMS) || element.matches(".menu-body")) return ["menu"];
    if (element.id === "lookup") return ["lookup", "field"];
    if (element.form?.id === "composer" && document.querySelector("[data-page=ticket]")) return ["reply", "field"];
    return element.matches("textarea") ? ["writing", "field"] : ["field"];
  }

  function spots() {
    document.getElementById("desk")?.dispatchEvent(new CustomEvent("sheet", { detail: true }));
    const fields = all(FIELDS);
    const items = all("details.menu").map((menu) => all(ITEMS, menu).find((item) => { menu.open = true; const seen = isSeen(item); menu.open = false; return seen; })).filter(Boolean);
    const dialogs = all("dialog, [popover]").map((dialog) => all("button, a, input", dialog)[0] || dialog);
    return [...new Set([...fields, ...items, ...dialogs])].map((element) => {
      const { menu, dialog } = within(element);
      return { element, menu, dialog, scopes: scopesOf(element, dialog), kind: element.matches(FIELDS) ? "field" : menu ? "menu" : "dialog", label: `${menu ? `menu ${nameOf(menu)} › ` : dialog ? `dialog ${nameOf(dialog)} › ` : ""}${nameOf(element)}` };
    });
  }

  // The addresses that the link, or the form that the field belongs to, leads to.
  function ownOf(element) {
    const parts = element.form ? [element.form, ...element.form.elements] : [];
    const named = parts.flatMap((each) => ["action", "formaction", "hx-get", "hx-post"].map((name) => each.getAttribute(name)));
    return [element.pathname, ...named].filter(Boolean);
  }

  let known = [];
  // Behind whatever else waits for its turn, such as the toggle of a menu; a timer would take 4 ms, thousands of times.
  const turn = () => scheduler.postTask(() => {}, { priority: "background" });

  function rest() {
    for (const dialog of all("dialog")) if (dialog.open) dialog.close();
    for (const menu of all("details.menu")) menu.open = false;
    document.activeElement?.blur();
  }

  // True when the focus is there; a field that this width does not show is no place for it.
  async function enter(number) {
    const wasArmed = armed;
    armed = false;
    rest();
    spot = known[number];
    for (let at = spot.element.parentElement; at; at = at.parentElement) if (at.matches("details")) at.open = true;
    if (spot.dialog?.showModal) spot.dialog.showModal();
    const desk = document.getElementById("desk");
    if (desk) desk.dispatchEvent(new CustomEvent("tab", { detail: spot.element.closest(".panels") ? "details" : "talk" }));
    desk?.dispatchEvent(new CustomEvent("sheet", { detail: Boolean(spot.element.closest("#outcomes")) }));
    spot.element.focus();
    await turn();
    spot.element.focus();
    armed = wasArmed;
    effects = [];
    return document.activeElement === spot.element;
  }

  // The same without opening and closing everything, where the place is as it was but for the focus.
  async function back(number, before) {
    armed = false;
    spot.element.focus();
    await turn();
    spot.element.focus();
    armed = true;
    effects = [];
    return document.activeElement === spot.element && !changed(before, state()).length || enter(number);
  }

  // --- pressing, many at once: events that only scripts hear --------------------------------------------------------------

  const WAYS = [
    {}, { ctrlKey: true }, { shiftKey: true }, { altKey: true }, { metaKey: true }, { ctrlKey: true, shiftKey: true },
    { ctrlKey: true, altKey: true, modifierAltGraph: true }, { modifierAltGraph: true }, { ctrlKey: true, metaKey: true },
    { isComposing: true }, { isComposing: true, ctrlKey: true }, { keyCode: 229 }, { repeat: true }, { repeat: true, ctrlKey: true },
  ];

  function comboOf(key, way) {
    if (way.altKey || way.modifierAltGraph || (way.ctrlKey && way.metaKey)) return "";
    const name = key === " " ? "Space" : key;
    const shift = way.shiftKey ? "Shift+" : "";
    if (way.ctrlKey || way.metaKey) return `Ctrl+${shift}${name.length > 1 ? name : name.toUpperCase()}`;
    return name.length > 1 ? shift + name : name;
  }

  // The action that the table names for this key here; "" for none.
  function asked(keymap, key, way) {
    if (way.isComposing || way.keyCode) return "";
    const writes = key.length === 1 && !way.metaKey && (way.modifierAltGraph || (!way.ctrlKey && !way.altKey));
    for (const scope of spot.scopes) {
      const map = keymap[scope] || {};
      const found = map.letters && writes && key !== " " ? map.letters : map[comboOf(key, way)];
      if (found) return way.repeat && !found[1] ? "held" : found[0];
    }
    return "";
  }

  function event(type, key, way) {
    const made = new KeyboardEvent(type, { key, bubbles: true, cancelable: true, composed: true, ...way });
    if (way.keyCode) Object.defineProperty(made, "keyCode", { value: way.keyCode });
    return made;
  }

  // [{key, way, action, effects, changed, prevented}] of everything that was not nothing.
  async function sweep(number, keys, keymap) {
    const found = [];
    if (!(await enter(number))) return null;
    let before = state();
    hasStirred(null);
    const report = async (what) => { found.push(what); await back(number, before); before = state(); hasStirred(null); };
    for (const key of keys) {
      let isAnswered = false;
      for (const way of WAYS) {
        const focused = document.activeElement;
        effects = [];
        const down = event("keydown", key, way);
        focused.dispatchEvent(down);
        document.activeElement.dispatchEvent(event("keyup", key, way));
        const action = asked(keymap, key, way);
        const change = hasStirred(focused) ? changed(before, state()) : [];
        const what = { key, way: Object.keys(way).join("+"), action, effects, changed: change, prevented: down.defaultPrevented };
        if (what.effects.length || what.changed.length) await report(what);
        else if (what.action || what.prevented) { found.push(what); isAnswered = true; }
      }
      const unseen = changed(before, state());
      if (unseen.length) await report({ key, way: "any way, unseen", action: "", effects: [], changed: unseen, prevented: false });
      else if (isAnswered) { await back(number, before); hasStirred(null); }
    }
    return found;
  }

  // --- real keys in a row, of which nothing is expected ----------------------------------------------------------------------

  // Each is looked at when the next one comes. Behind one that did something the others are held back.
  let row = null; // {before, seen, held, isOver}
  function close() {
    const seen = { effects, changed: changed(row.before, state()) };
    row.seen.push(seen);
    row.isOver = Boolean(seen.effects.length || seen.changed.length);
    effects = [];
  }
  function heard(key) {
    if (!row) return;
    if (key.type === "keydown" && !key.repeat) {
      if (!row.isOver && row.held.size === 0 && row.count) close();
      if (!row.isOver && row.held.size === 0) row.count += 1;
      row.held.add(key.code);
    }
    if (key.type === "keyup") row.held.delete(key.code);
    if (row.isOver) { key.preventDefault(); key.stopImmediatePropagation(); }
  }
  for (const type of ["keydown", "keypress", "keyup", "beforeinput"]) addEventListener(type, heard, true);

  window.everyKey = {
    find() { armed = false; rest(); known = spots(); return known.map(({ label, kind, scopes, element }) => ({ label, kind, scopes, type: element.type || "", locked: Boolean(element.readOnly), tag: element.tagName.toLowerCase(), own: ownOf(element), filters: Boolean(element.closest(".menu") && !element.closest(".menu").querySelector(".pad")) })); },
    arm() {
      armed = true;
      effects = [];
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    },
    disarm() { armed = false; rest(); },
    enter,
    sweep,
    // Where the last key left the place, the focus comes back before the next one.
    async before(number) {
      const isHere = spot === known[number] && document.activeElement === spot.element && !window.everyKeyStirred;
      const isIn = isHere || await enter(number);
      window.everyKeyStirred = false;
      effects = [];
      window.everyKeyBefore = state();
      return isIn;
    },
    after() {
      const most = spot.element.maxLength > 0 ? spot.element.maxLength : null;
      const seen = { effects, changed: changed(window.everyKeyBefore, state()), value: spot.element.value ?? "", most };
      window.everyKeyStirred = Boolean(seen.effects.length || seen.changed.length);
      return seen;
    },
    async begin(number, isAnew) {
      window.everyKeyStirred ||= isAnew;
      const isIn = await window.everyKey.before(number);
      row = { before: window.everyKeyBefore, seen: [], held: new Set(), count: 0, isOver: false };
      return isIn;
    },
    // [{effects, changed}] of those that were let through.
    end() {
      if (row.count && !row.isOver) close();
      window.everyKeyStirred = row.isOver;
      const { seen } = row;
      row = null;
      return seen;
    },
    clear() { if (spot.element.matches("textarea, input")) spot.element.value = ""; },
  };
})();
