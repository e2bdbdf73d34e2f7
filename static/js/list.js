// A list of tickets: move, preview, select; the queue is kept current by cheap requests.
import { keepingFocus } from "./forms.js";
import { refresh } from "./times.js";
import { announce, say } from "./words.js";

const rows = () => [...document.querySelectorAll("#rows > .row")];
const selected = () => document.querySelector("#rows > .row.selected");

function select(row) {
  for (const other of rows()) other.classList.toggle("selected", other === row);
  row.querySelector("a").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

const again = (row) => row && rows().find((other) => other.dataset.id === row.dataset.id);

export function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(selected());
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
  const peeking = Boolean(document.querySelector("#rows .peek"));
  select(next);
  if (peeking) preview();
  return true;
}

export function openRow() {
  const row = selected();
  if (!row) return false;
  location.assign(row.querySelector("a").href);
  return true;
}

export function pick() {
  const row = selected();
  if (!row) return false;
  const box = row.querySelector(".pick input");
  if (!box) return false;
  box.checked = !box.checked;
  told(row, box.checked);
  return true;
}

function told(row, isPicked) {
  row.classList.toggle("picked", isPicked);
  const count = document.querySelectorAll("#rows .pick input:checked").length;
  document.dispatchEvent(new CustomEvent("picked", { detail: count }));
  announce(say("selected", { count }));
}

document.addEventListener("change", (event) => {
  const row = event.target.matches("#rows .pick input") && event.target.closest(".row");
  if (row) told(row, event.target.checked);
});

export async function preview() {
  const row = selected() || rows()[0];
  if (!row) return false;
  const old = document.querySelector("#rows .peek");
  const same = old && old.parentElement === row;
  if (old) old.remove();
  if (same) return true;
  const response = await fetch(`${row.querySelector("a").pathname}preview/`, { credentials: "same-origin" });
  if (!response.ok) return true;
  const box = document.createElement("div");
  box.className = "peek";
  box.innerHTML = await response.text();
  const here = again(row); // the list may have been brought up to date meanwhile
  if (!here || selected() && selected() !== here) return true;
  for (const shown of document.querySelectorAll("#rows .peek")) shown.remove();
  here.append(box);
  select(here);
  return true;
}

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("#rows > .row");
  if (row && row !== selected()) for (const other of rows()) other.classList.toggle("selected", other === row);
});

// --- live -----------------------------------------------------------------------------------------------------------

const queue = document.querySelector("[data-live]");
let tag = "";

// An update never removes what somebody is reading, choosing or typing.
const isInUse = () =>
  document.hidden || document.querySelector("details.menu[open], dialog[open], #rows .peek, #rows .picked")
  || document.activeElement?.matches("input:not([type=checkbox]), select, textarea") || isTyped();

const isTyped = () => [...document.querySelectorAll("main input:not([type=hidden], [type=checkbox]), main textarea, #find")]
  .some((field) => field.value !== field.defaultValue);

async function ask() {
  if (isInUse()) return;
  const headers = { "X-Fragment": "1" };
  if (tag) headers["If-None-Match"] = tag;
  let response;
  try {
    response = await fetch(location.href, { headers, credentials: "same-origin", cache: "no-store" });
  } catch { return; }
  if (response.status !== 200 || response.redirected) return;
  const text = await response.text();
  if (isInUse()) return; // since we asked: the next time
  const known = tag;
  tag = response.headers.get("ETag") || "";
  // The page's own ETag can't be read by scripts: the first response only fills it in.
  if (known) swap(text);
}

function swap(text) {
  const current = selected();
  const at = rows().indexOf(current);
  const hadFocus = current && current.contains(document.activeElement);
  const scroll = window.scrollY;
  keepingFocus(queue, () => {
    queue.innerHTML = text;
    const next = again(current) || (at >= 0 && rows()[Math.min(at, rows().length - 1)]); // what is gone leaves its place
    if (!next) return;
    next.classList.add("selected");
    if (hadFocus) next.querySelector("a").focus({ preventScroll: true });
  });
  window.scrollTo(0, scroll);
  refresh();
  announce(say("changed"));
}

if (queue) {
  tag = queue.dataset.tag || "";
  setInterval(ask, Number(queue.dataset.live) * 1000);
  document.addEventListener("visibilitychange", ask);
}

const nothing = document.querySelector("[data-wait]");
if (nothing) setInterval(() => { if (!isInUse()) location.reload(); }, Number(nothing.dataset.wait) * 1000);
