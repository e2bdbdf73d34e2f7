// The only module that listens to keys. The focus decides in which scopes a key is looked up, and the table on the
// page (mentions/views/keymap.py, which also makes the list under `?`) decides what it does there.
import { chooseExpert, closeAsking, moveExpert, sendAsking } from "./asking.js";
import { moveResult, openResult, showKeys, showPalette } from "./dialogs.js";
import { isLeaving, sendForm, usedKey } from "./forms.js";
import { insertHit, lookUp, moveHit } from "./lookups.js";
import { closeMenu, filterLess, filterMore, moveItem, openMenu, openMenuAt } from "./menus.js";
import { move, openRow, pick, preview } from "./list.js";
import { leavePoints, movePoint } from "./points.js";
import { undo } from "./toasts.js";

const keymap = JSON.parse(document.getElementById("keymap")?.textContent || "{}");
const SETTLED_MS = 500;
const SEQUENCE_MS = 1500;
const CONTROLS = "button, summary, a, input, select, textarea, label, [role=button]";
const UNTYPED = ["checkbox", "radio", "submit", "button", "reset", "image", "file", "range", "color"];
const began = performance.now();

const desk = () => document.querySelector("[data-page=ticket]");

// --- scopes ---------------------------------------------------------------------------------------------------------

function fieldOf(target) {
  if (target.isContentEditable) return target;
  const field = target.closest("textarea, select, input");
  return field && !(field.matches("input") && UNTYPED.includes(field.type)) ? field : null;
}

function scopesOf(target) {
  const dialog = document.querySelector("dialog:modal");
  if (dialog) return [dialog.id === "palette" ? "palette" : "dialog"];
  const field = fieldOf(target);
  if (field) return [...(field.id === "lookup" ? ["lookup"] : scopesOfWriting(field)), "field"];
  if (openMenuAt(target)) return ["menu"];
  const chart = target.closest("[data-points]") ? ["chart"] : [];
  if (document.body.dataset.keys === "off") return [...chart, "off"];
  const results = target.closest("[data-results]") ? ["results"] : [];
  return [...chart, ...results, ...(document.getElementById("rows") ? ["list"] : []), ...(desk() ? ["ticket"] : []), "page"];
}

function scopesOfWriting(field) {
  if (field.closest("#inline")) return ["asking"];
  if (field.form?.id === "composer" && desk()) return ["reply"];
  return field.matches("textarea") ? ["writing"] : [];
}

// --- actions: each returns false if there is nothing to act on ------------------------------------------------------

function focus(id) {
  const field = document.getElementById(id);
  if (!field) return false;
  if (desk() && field.closest(".panels")) desk().dispatchEvent(new CustomEvent("tab", { detail: "details" }));
  else if (desk() && field.closest(".talk")) desk().dispatchEvent(new CustomEvent("tab", { detail: "talk" }));
  field.focus();
  field.scrollIntoView({ block: "nearest" });
  return field.getClientRects().length > 0;
}

function menu(id) {
  const details = document.getElementById(id);
  if (!details) return false;
  desk()?.dispatchEvent(new CustomEvent("tab", { detail: "talk" }));
  desk()?.dispatchEvent(new CustomEvent("sheet", { detail: true }));
  openMenu(details);
  return true;
}

// A page of an upper floor declares which button or link a key presses: data-key="e".
function press(selector) {
  const element = document.querySelector(selector);
  element?.click();
  return Boolean(element);
}

function go(address) {
  if (!address) return false;
  location.assign(address);
  return true;
}

function answered() {
  const link = document.querySelector("[data-outside]") || document.querySelector("[data-platform]");
  if (link) window.open(link.href, "_blank", "noopener,noreferrer");
  return menu("answered") || Boolean(link);
}

function close(event) {
  const field = fieldOf(event.target);
  if (closeMenu() || closeAsking()) return true;
  if (field) field.blur();
  desk()?.dispatchEvent(new CustomEvent("sheet", { detail: false }));
  return Boolean(field);
}

// A quick second press may land on the page opened by the first: nobody has read that one yet.
let hasTyped = false;
document.addEventListener("input", () => { hasTyped = true; }, { once: true });

function send(which) {
  if (!hasTyped && performance.now() - began < SETTLED_MS) return true;
  return press(`[data-send="${which}"]`);
}

const actions = {
  "go play": () => go(document.querySelector("[data-play]")?.dataset.play || "/play/"),
  "go queue": () => go("/queue/"),
  "go search": () => go("/search/"),
  "go reports": () => go("/reports/"),
  "go add": () => go("/add/"),
  "go contacts": () => go("/contacts/"),
  "go handover": () => go("/hand-over/"),
  "go incidents": () => go("/incidents/"),
  find: () => focus("find"),
  help: showKeys,
  palette: showPalette,
  undo,
  close,
  next: () => move(1),
  previous: () => move(-1),
  preview,
  select: pick,
  open: openRow,
  reply: () => focus("text") || press("[data-key=r]"),
  note: () => focus("note"),
  macro: () => menu("macros"),
  tag: () => focus("tag"),
  expert: () => menu("ask-expert") || press("[data-key=e]"),
  feedback: () => press("[data-key=b]"),
  "look up": () => focus("lookup") && lookUp(),
  "hit down": () => moveHit(1),
  "hit up": () => moveHit(-1),
  "hit insert": insertHit,
  answered,
  "no reply": () => menu("no-reply"),
  park: () => menu("park"),
  "hand back": () => menu("hand-back"),
  like: () => press("[data-like]"),
  "report spam": () => menu("report-spam"),
  urgent: () => press("[data-key='!']"),
  incident: () => press("[data-key=i]"),
  up: () => go(desk().dataset.up),
  send: () => send("default"),
  "send other": () => send("other"),
  save: (event) => sendForm(event.target.form),
  "expert down": () => moveExpert(1),
  "expert up": () => moveExpert(-1),
  "expert choose": chooseExpert,
  "ask send": sendAsking,
  filter: (event) => filterMore(event.key),
  "filter less": filterLess,
  "item down": () => moveItem(1),
  "item up": () => moveItem(-1),
  "item first": () => moveItem(-Infinity),
  "item last": () => moveItem(Infinity),
  "point on": () => movePoint(1),
  "point back": () => movePoint(-1),
  "point first": () => movePoint(-Infinity),
  "point last": () => movePoint(Infinity),
  "point leave": leavePoints,
  "result down": () => moveResult(1),
  "result up": () => moveResult(-1),
  "result open": openResult,
};

// --- from a key to its action ---------------------------------------------------------------------------------------

// AltGr writes characters, and Windows reports it as Ctrl+Alt: it is never a command.
function nameOf(event) {
  if (event.altKey || event.getModifierState("AltGraph") || (event.ctrlKey && event.metaKey)) return "";
  const key = event.key === " " ? "Space" : event.key;
  const shift = event.shiftKey ? "Shift+" : "";
  if (event.ctrlKey || event.metaKey) return `Ctrl+${shift}${key.length > 1 ? key : key.toUpperCase()}`;
  return key.length > 1 ? shift + key : key; // which shift a character needs is the keyboard's own matter
}

const isLetter = (event) => [...event.key].length === 1 && !event.metaKey
  && (event.getModifierState("AltGraph") || (!event.ctrlKey && !event.altKey));

let first = "";
let firstAt = 0;

// "g p": the first key is remembered; the next key completes the sequence or cancels it.
function bound(scope, name, event) {
  const map = keymap[scope] || {};
  if (first) return map[`${first} ${name}`];
  if (map.letters && isLetter(event) && !(event.key === " " && !openMenuAt(event.target)?.dataset.filter)) return map.letters;
  return map[name];
}

function begins(scopes, name) {
  if (name.includes("+") || !name) return false;
  const is = scopes.some((scope) => Object.keys(keymap[scope] || {}).some((keys) => keys.startsWith(`${name} `)));
  if (is) [first, firstAt] = [name, performance.now()];
  return is;
}

// Space and Enter on a control belong to the control; on a row's link, Space previews.
function isOwn(event, name) {
  if (!["Space", "Enter"].includes(name)) return false;
  const control = event.target.closest(CONTROLS);
  return Boolean(control) && !(name === "Space" && control.matches("#rows > .row > a"));
}

function act(event) {
  const name = nameOf(event);
  const scopes = scopesOf(event.target);
  if (performance.now() - firstAt > SEQUENCE_MS || !scopes.includes("page")) first = "";
  const isSecond = Boolean(first);
  if (event.repeat && first === name) return true;
  if (!isSecond && begins(scopes, name)) return true;
  const asked = scopes.map((scope) => [scope, bound(scope, name, event)]).filter(([, found]) => found);
  if (!["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key)) first = "";
  for (const [scope, [action, repeats]] of asked) {
    if (event.repeat && !repeats) return true;
    if (!["palette", "asking"].includes(scope) && action !== "filter" && isOwn(event, name)) continue;
    if (actions[action](event) !== false) return true;
  }
  return isSecond && asked.length > 0;
}

// 229 is a key consumed by the input method, including the Enter that ends a composition in Safari.
document.addEventListener("keydown", (event) => {
  usedKey();
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || isLeaving()) return;
  if (act(event)) event.preventDefault();
});
