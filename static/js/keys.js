// Every key of the desk. The list under `?` is mentions/keys.py; inside a text field only Ctrl and Esc count.
import { showKeys, showPalette } from "./dialogs.js";
import { closeMenu, openMenu } from "./menus.js";
import { move, openRow, preview, pick } from "./list.js";
import { undo } from "./toasts.js";

const places = { p: "/play/", q: "/queue/", s: "/search/", r: "/reports/", a: "/add/" };
const onTicket = () => document.querySelector("[data-page=ticket]");
const onList = () => document.querySelector("#rows");

function focus(id) {
  const field = document.getElementById(id);
  if (!field) return false;
  const desk = onTicket();
  if (desk && field.closest(".panels")) desk.dispatchEvent(new CustomEvent("tab", { detail: "details" }));
  else if (desk && field.closest(".talk")) desk.dispatchEvent(new CustomEvent("tab", { detail: "talk" }));
  field.focus();
  field.scrollIntoView({ block: "nearest" });
  return true;
}

function menu(id) {
  const details = document.getElementById(id);
  if (!details) return false;
  const desk = onTicket();
  if (desk) desk.dispatchEvent(new CustomEvent("sheet"));
  openMenu(details);
  return true;
}

// A page of an upper floor names its own key on a button or link: data-key="e".
function marked(key) {
  const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!element) return false;
  element.click();
  return true;
}

const ticketKeys = {
  r: () => focus("text") || marked("r"),
  n: () => focus("note"),
  m: () => menu("macros"),
  t: () => focus("tag"),
  l: () => focus("lookup"),
  o() {
    const link = document.querySelector("[data-outside]") || document.querySelector("[data-platform]");
    if (link) window.open(link.href, "_blank", "noopener,noreferrer");
    return menu("answered") || Boolean(link);
  },
  x: () => menu("no-reply"),
  p: () => menu("park"),
  h: () => menu("hand-back"),
  u() { location.assign(onTicket().dataset.up); return true; },
};
const listKeys = {
  j: () => move(1), k: () => move(-1), " ": () => preview(), Enter: () => openRow(), x: () => pick(),
};
const anywhere = { "?": showKeys, "/": () => focus("find"), z: undo };

let going = 0;

function typing(target) {
  return target.closest("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit])");
}

function leave(target) {
  if (closeMenu()) return true;
  if (typing(target)) { target.blur(); return true; }
  return false;
}

function single(event) {
  const { key } = event;
  if (going && Date.now() - going < 1500) {
    going = 0;
    if (places[key]) { location.assign(places[key]); return true; }
  }
  if (key === "g") { going = Date.now(); return true; }
  if (onTicket() && ticketKeys[key] && ticketKeys[key]() !== false) return true;
  if (onList() && listKeys[key]) {
    // Space and Enter on a control of the page stay what they are.
    const control = event.target.closest("button, summary, a, input");
    if ((key === " " || key === "Enter") && control && !control.closest("#rows")) return false;
    if (key === "Enter" && control) return false;
    return listKeys[key]() !== false;
  }
  if (marked(key)) return true;
  if (!anywhere[key]) return false;
  return anywhere[key]() !== false;
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Escape") { if (!document.querySelector("dialog[open]") && leave(event.target)) event.preventDefault(); return; }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); showPalette(); return; }
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const button = document.querySelector(`[data-send=${event.shiftKey ? "pending" : "solved"}]`);
    if (button) { event.preventDefault(); button.click(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.body.dataset.keys === "off" || document.querySelector("dialog[open]") || typing(event.target)) return;
  if (single(event)) event.preventDefault();
});
