// Asking an expert without leaving the ticket: the panel, finding people by typing, the request, the interim reply.
// Only static/js/key_actions.js listens to keys; without scripts the same links and forms are pages.
import { focusOn, keepingFocus } from "./forms.js";
import { announce, say } from "./words.js";

const FIND_MS = 90;
const place = document.getElementById("inline");
const fragment = { headers: { "X-Fragment": "1" }, credentials: "same-origin" };
const formOnly = { headers: { "X-Fragment": "form" }, credentials: "same-origin" };

let opened = ""; // the address that the panel was opened with
let loading = Promise.resolve(); // what is being fetched: nothing is sent before it is there
let timer = 0;
let asked = 0;
let chosenName = "";

const part = (selector) => place?.querySelector(selector);
const finder = () => part("#ask-who");
const request = () => part("#ask-request");
const options = () => [...(part("#ask-options")?.querySelectorAll("a[href]") || [])];
const isOpen = () => Boolean(place?.firstElementChild) && !place.hidden;

function later(work) {
  loading = loading.then(work).catch(() => { if (!request()) opened = ""; announce(say("offline")); });
}

// --- the panel ------------------------------------------------------------------------------------------------------

// Opens at once, with a field for fast typists: their input must not trigger the page's shortcuts.
function open(address, label) {
  document.getElementById("desk").dispatchEvent(new CustomEvent("tab", { detail: "talk" }));
  place.hidden = false;
  if (opened === address && request()) return finder().focus();
  opened = address;
  chosenName = "";
  const section = document.createElement("section");
  const input = Object.assign(document.createElement("input"), { id: "ask-who", name: "q", autocomplete: "off", ariaLabel: label });
  section.id = "ask";
  section.className = "ask";
  section.ariaBusy = "true";
  section.append(input);
  place.replaceChildren(section);
  place.scrollIntoView({ block: "nearest" });
  input.focus();
  later(() => load(address));
}

async function load(address) {
  const response = await fetch(address, fragment);
  const html = response.ok ? await response.text() : "";
  if (!html.includes("id=\"ask-who\"")) return window.location.assign(address); // logged out, or refused: its page says why
  const typed = finder()?.value || "";
  keepingFocus(place, () => { place.innerHTML = html; });
  finder().value = typed;
  select(0);
  place.scrollIntoView({ block: "nearest" });
  if (typed) await find(typed);
}

export function closeAsking() {
  if (!isOpen() || part("[data-asked]")) return false;
  const active = document.activeElement;
  if (active !== document.body && !place.contains(active)) return false;
  place.hidden = true; // what was written is there again with the next `e`
  focusOn(document.getElementById("main"), { preventScroll: true });
  return true;
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !place) return;
  const link = event.target.closest("a[data-inline]");
  const option = event.target.closest("#ask-options a[href]");
  if (event.target.closest("[data-close-inline]")) closeAsking();
  else if (option && place.contains(option)) later(() => choose(option));
  else if (link) open(link.href, link.dataset.inline);
  else return;
  event.preventDefault();
});

// A macro may do the same.
export function openAsking(address) {
  open(address, say("whom"));
}

// --- finding by typing ----------------------------------------------------------------------------------------------

function select(index) {
  const all = options();
  all.forEach((option, at) => { option.ariaSelected = String(at === index); });
  if (!finder()) return;
  if (!all[index]) return finder().removeAttribute("aria-activedescendant");
  finder().setAttribute("aria-activedescendant", all[index].id);
  all[index].scrollIntoView({ block: "nearest" });
}

const selected = () => options().findIndex((option) => option.ariaSelected === "true");

async function find(text) {
  const number = ++asked;
  const address = finder().form?.dataset.options;
  const response = address && await fetch(`${address}&q=${encodeURIComponent(text)}`, fragment);
  if (!response?.ok || number !== asked || !part("#ask-options")) return;
  part("#ask-options").innerHTML = await response.text();
  part("#ask-options").dataset.text = text;
  select(0);
  announce(options()[0]?.textContent.trim().replace(/\s+/g, " ") || say("none"));
}

place?.addEventListener("input", (event) => {
  if (event.target !== finder()) return;
  clearTimeout(timer);
  timer = setTimeout(() => later(() => find(event.target.value)), FIND_MS);
});

export function moveExpert(step) {
  if (document.activeElement !== finder() || !finder()) return false;
  const { length } = options();
  if (length) select((selected() + step + length) % length);
  return true;
}

// Results of an earlier text don't count: wait for those of the current one.
async function chooseFound() {
  clearTimeout(timer);
  const text = finder().value;
  if (text !== chosenName && (part("#ask-options").dataset.text || "") !== text) await find(text);
  const option = options()[Math.max(selected(), 0)];
  if (option) await choose(option);
}

export function chooseExpert() {
  if (!finder() || document.activeElement !== finder()) return false;
  later(chooseFound);
  return true;
}

async function choose(option) {
  if (request()?.dataset.who !== option.dataset.who) {
    const response = await fetch(option.href, formOnly);
    if (!response.ok) return announce(say("offline"));
    const before = request();
    const kept = before && valueOf(before, "text") !== before.elements.text.defaultValue ? before : null;
    part("#ask-form").innerHTML = await response.text();
    if (kept) carry(kept, request());
  }
  chosenName = option.querySelector("strong").textContent;
  finder().value = chosenName;
  part("#ask-options").dataset.text = chosenName;
  request().elements.text.focus();
}

const valueOf = (form, name) => form.elements[name].value;
const LINK = /\S*\/respond\/\S+/;

// Text that the advocate has edited is kept; only the addressee and their personal link change.
function carry(before, now) {
  const link = valueOf(now, "text").match(LINK)?.[0] || "";
  const text = valueOf(before, "text").replace(before.dataset.address, now.dataset.address);
  now.elements.text.value = text.replace(LINK, () => link);
}

// --- sending --------------------------------------------------------------------------------------------------------

// After typing a name, the first press only chooses; nothing is sent that hasn't been on screen.
export function sendAsking() {
  later(async () => {
    const reply = part("#interim");
    if (reply) return reply.requestSubmit();
    const typed = document.activeElement === finder() && finder().value && finder().value !== chosenName;
    if (typed) return chooseFound();
    request()?.requestSubmit();
  });
  return true;
}

document.addEventListener("submit", (event) => {
  if (!place?.contains(event.target)) return;
  if (event.target.matches(".ask-find")) event.preventDefault();
  if (event.target.id !== "ask-request") return;
  event.preventDefault();
  if (event.target.ariaBusy !== "true") post(event.target);
});

async function post(form) {
  form.ariaBusy = "true";
  const body = new FormData(form);
  body.append("seen", document.getElementById("desk").dataset.seen || "");
  let html = "";
  try {
    const response = await fetch(form.action, { method: "POST", body, ...fragment });
    html = await response.text();
  } catch { /* said below */ }
  form.ariaBusy = "false";
  if (html.includes("data-asked")) return done(html);
  if (!html.includes("id=\"ask-request\"")) return announce(say("offline"));
  part("#ask-form").innerHTML = html;
  focusOn(part("#ask-form [role=alert], #ask-form .errorlist") || request());
}

// The ticket is parked and unclaimed: remove everything that belonged to the claim.
function done(html) {
  const desk = document.getElementById("desk");
  desk.dispatchEvent(new CustomEvent("left"));
  for (const gone of document.querySelectorAll("#composer-box, #actions")) gone.remove();
  for (const field of desk.querySelectorAll("input[name=token]")) field.value = "";
  for (const link of desk.querySelectorAll("a[data-inline]")) link.href = link.href.replace(/token=[^&]+/, "play=1");
  opened = "";
  place.innerHTML = html;
  focusOn(part("#interim-text") || part("[data-onward]"));
  announce(part("[role=status]").textContent.trim().replace(/\s+/g, " "));
  place.scrollIntoView({ block: "nearest" });
}
