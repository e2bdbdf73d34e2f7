// Menus are details elements: one open at a time, closed by Escape, by a click elsewhere and when the focus leaves. The
// focus goes in and comes back; typing while it is on an item filters the items.
import { announce, say } from "./words.js";

const ITEMS = ":is(a, button, label):not([hidden])";
const FOCUSABLE = ":is(input:not([type=hidden]), select, textarea, button, a):not([hidden] *)";

const open = () => document.querySelector("details.menu[open]");
const bodyOf = (menu) => menu.querySelector(".menu-body");
const nodesOf = (menu) => [...bodyOf(menu).querySelectorAll("a, button, label:has(> input)")];
const itemsOf = (menu) => nodesOf(menu).filter((item) => item.matches(ITEMS) && item.getClientRects().length);

// The menu that a key belongs to: the focus is in it, or nowhere else.
export function openMenuAt(target) {
  const menu = open();
  return menu && (menu.contains(target) || target === document.body) ? menu : null;
}

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".menu")) return;
  filter(menu, "");
  if (!menu.open) return;
  for (const other of document.querySelectorAll("details.menu[open]")) if (other !== menu) other.open = false;
  enter(menu);
}, true);

function enter(menu) {
  if (bodyOf(menu).contains(document.activeElement)) return;
  const first = bodyOf(menu).querySelector(FOCUSABLE);
  if (first) first.focus({ preventScroll: true });
}

// By key: the focus moves inside at once, since `toggle` fires later than a fast typist's next key.
export function openMenu(menu) {
  menu.open = true;
  enter(menu);
}

for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const menu = open();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
}

export function closeMenu() {
  const menu = open();
  if (!menu) return false;
  menu.open = false;
  menu.querySelector("summary").focus();
  return true;
}

// --- items ----------------------------------------------------------------------------------------------------------

const focusOf = (item) => (item.matches("label") ? item.querySelector("input") : item);

export function moveItem(step) {
  const items = itemsOf(open());
  const at = items.findIndex((item) => item.contains(document.activeElement));
  if (!items.length) return true;
  const next = Number.isFinite(step) ? (at + step + items.length) % items.length : step < 0 ? 0 : items.length - 1;
  focusOf(items[at < 0 && step === -1 ? items.length - 1 : next]).focus();
  return true;
}

// --- filter ---------------------------------------------------------------------------------------------------------

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function filter(menu, text) {
  if ((menu.dataset.filter || "") === text) return;
  menu.dataset.filter = text;
  for (const item of nodesOf(menu)) item.hidden = !plain(item.textContent).includes(plain(text.trim()));
  lineOf(menu).textContent = text;
  lineOf(menu).hidden = !text;
}

// Shows the typed text; created on first use, so that pages needn't include it.
function lineOf(menu) {
  const found = bodyOf(menu).querySelector(".menu-filter");
  if (found) return found;
  const line = document.createElement("p");
  line.className = "menu-filter";
  bodyOf(menu).prepend(line);
  return line;
}

// Only menus of items are filtered; a menu that is a form keeps all its fields.
const isForm = (menu) => Boolean(bodyOf(menu).querySelector(".pad"));

function show(menu, text) {
  if (isForm(menu)) return true;
  filter(menu, text);
  const items = itemsOf(menu);
  if (!items.some((item) => item.contains(document.activeElement))) rest(menu, items);
  announce(items.length ? say("filtered", { text, count: items.length }) : say("none"));
  return true;
}

function rest(menu, items) {
  const body = bodyOf(menu);
  body.tabIndex = -1; // where nothing is left to choose, the menu itself keeps the focus
  (items.length ? focusOf(items[0]) : body).focus({ preventScroll: true });
}

export const filterMore = (letter) => show(open(), (open().dataset.filter || "") + letter);

export function filterLess() {
  const text = open().dataset.filter || "";
  return text ? show(open(), [...text].slice(0, -1).join("")) : true;
}

// A space typed into the filter presses nothing: Firefox presses buttons on key-up.
document.addEventListener("keyup", (event) => {
  if (event.key === " " && openMenuAt(event.target)?.dataset.filter && !event.target.matches("input")) event.preventDefault();
});

// --- forms in menus and beside them ---------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && button.dataset.confirm && !window.confirm(button.dataset.confirm)) event.preventDefault();
});
