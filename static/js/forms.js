// Forms are sent once, and on the next page the focus returns to where the reader is looking.
// `data-land` on a button, a form or around it: the selector of what to focus there; otherwise the message that the
// button is about, or the content of the page. `data-elsewhere`: also if another ticket follows, such as after undo.
const LAND = "desk-land";
const FRESH_MS = 20000;
const BUSY_MS = 10000;

let leaving = 0;

// The next page is loading; keys pressed now are meant for it.
export const isLeaving = () => Boolean(leaving) && performance.now() - leaving < BUSY_MS;

window.addEventListener("pageshow", () => { leaving = 0; });

// The second of two quick presses. Capturing, so that no other handler gets it.
window.addEventListener("submit", (event) => {
  if (!isLeaving() || staysHere(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

const staysHere = ({ target, submitter }) =>
  target.method === "dialog" || target.target === "_blank" || target.matches("[hx-get], [hx-post]") || submitter?.matches("[hx-get], [hx-post]");

window.addEventListener("submit", (event) => {
  if (event.defaultPrevented || staysHere(event)) return;
  leave(event.target, event.submitter);
});

// For a script that sends a form itself, once the response to `submit` has arrived.
export function leave(form, submitter = null) {
  leaving = performance.now();
  if (form.method !== "post") return;
  if (form.matches("[data-forget]")) return sessionStorage.clear(); // whoever logs out leaves nothing in this window
  const told = submitter?.closest("[data-land]")?.dataset.land || form.closest("[data-land]")?.dataset.land;
  const about = submitter?.closest("article[id]");
  const desk = document.getElementById("desk");
  keep(LAND, { land: told || (about && `#${about.id}`) || "", ticket: desk?.dataset.ticket || "", isElsewhere: form.matches("[data-elsewhere]"), scroll: window.scrollY, at: Date.now() });
}

// The only button of a form, as a click would press it.
export function sendForm(form) {
  const buttons = form ? [...form.elements].filter((each) => each.type === "submit") : [];
  if (buttons.length !== 1) return false;
  buttons[0].click();
  return true;
}

function keep(name, value) {
  try { sessionStorage.setItem(name, JSON.stringify(value)); } catch { /* a private window may have none */ }
}

function take(name) {
  try {
    const value = JSON.parse(sessionStorage.getItem(name) || "null");
    sessionStorage.removeItem(name);
    return value;
  } catch { return null; }
}

// --- landing --------------------------------------------------------------------------------------------------------

const isSeen = (element) => Boolean(element) && element.getClientRects().length > 0;

export function focusOn(element, options = {}) {
  if (!element.matches("a[href], button, input, select, textarea, summary, [tabindex]")) element.tabIndex = -1;
  element.focus(options);
}

function placeOf(told) {
  const wrong = [...document.querySelectorAll("main [aria-invalid=true]"), ...document.querySelectorAll("main [role=alert]")].find(isSeen);
  if (wrong) return wrong;
  const found = told.land ? [...document.querySelectorAll(told.land)].filter(isSeen).pop() : null;
  // An empty composer doesn't get the focus: single keys act on the ticket at once.
  if (found && !(found.id === "text" && !found.value)) return found;
  return document.getElementById("main");
}

function land() {
  const told = take(LAND);
  if (!told || Date.now() - told.at > FRESH_MS || document.querySelector("[autofocus]")) return;
  const desk = document.getElementById("desk");
  const isSame = (desk?.dataset.ticket || "") === told.ticket;
  if (isSame && told.ticket && !document.querySelector("[data-fresh], #problem")) window.scrollTo(0, told.scroll);
  const place = isSame || told.isElsewhere ? placeOf(told) : document.getElementById("main");
  if (!place || document.activeElement !== document.body) return;
  if (desk && place.closest(".panels")) desk.dispatchEvent(new CustomEvent("tab", { detail: "details" }));
  focusOn(place, { preventScroll: true });
  if (isSame && place.id !== "main") place.scrollIntoView({ block: "nearest" });
}

if (document.readyState === "complete") land();
else window.addEventListener("load", land);

// --- replaced parts of a page ---------------------------------------------------------------------------------------

const NAMED = ["id", "name", "href", "data-key", "data-id"];

// Its selector; "" if it can't be told apart from others of its kind.
function nameOf(element) {
  const by = NAMED.filter((attribute) => element.getAttribute(attribute));
  return by.length && element.tagName.toLowerCase() + by.map((attribute) => `[${attribute}="${CSS.escape(element.getAttribute(attribute))}"]`).join("") || "";
}

const again = (name) => name && document.querySelector(name);

// `change` replaces parts of the page: the same control keeps the focus and its typed text; if that control is
// gone, its replacement gets the focus.
export function keepingFocus(area, change) {
  const before = document.activeElement;
  const wasIn = area.contains(before) && before !== document.body;
  const name = wasIn ? nameOf(before) : "";
  change();
  if (wasIn && (!document.activeElement || document.activeElement === document.body)) focusOn(again(name) || areaNow(area), { preventScroll: true });
}

function areaNow(area) {
  const here = document.contains(area) ? area : area.id && document.getElementById(area.id);
  return here || document.getElementById("main");
}

let swapped = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const area = event.detail.target;
  const before = document.activeElement;
  swapped = area.contains(before) && before !== document.body ? { area, before, name: nameOf(before) } : null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (!swapped || document.contains(swapped.before) && document.activeElement === swapped.before) return;
  const { area, name } = swapped;
  swapped = null;
  if (document.activeElement && document.activeElement !== document.body) return;
  focusOn(again(name) || areaNow(area), { preventScroll: true });
});

// --- a choice that takes effect immediately -------------------------------------------------------------------------

// With the mouse, choosing sends. With the keyboard, arrows pass through choices, so the button beside it sends.
let byKey = false;
document.addEventListener("pointerdown", () => { byKey = false; }, true);
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-submit]")) return;
  const button = event.target.form.querySelector("[data-set]");
  if (byKey && button) button.classList.add("on");
  else event.target.form.requestSubmit();
});
export const usedKey = () => { byKey = true; };
