// The list of shortcuts and the palette, fetched on first use.
const fragment = { headers: { "X-Fragment": "1" }, credentials: "same-origin" };

async function load(dialog, url) {
  const response = await fetch(url, fragment);
  if (response.ok) dialog.innerHTML = await response.text();
  return response.ok;
}

export async function showKeys() {
  const dialog = document.getElementById("keys");
  if (!dialog.firstElementChild && !(await load(dialog, dialog.dataset.url))) return location.assign(dialog.dataset.url);
  dialog.showModal();
}

export function showPalette() {
  const dialog = document.getElementById("palette");
  if (dialog.open) return true;
  const input = dialog.querySelector("input");
  input.value = "";
  shown = null;
  // Opens at once: text typed before the list arrives must not trigger the page's shortcuts.
  dialog.showModal();
  input.focus();
  find("");
  return true;
}

const palette = document.getElementById("palette");
const options = () => [...palette.querySelectorAll("[role=option]")];

function select(index) {
  const all = options();
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
  const now = all[index];
  const input = palette.querySelector("input");
  if (!now) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", now.id);
  now.scrollIntoView({ block: "nearest" });
}

let timer = 0;
let asked = 0;
let shown = null; // the text that the results are of

async function find(text) {
  const number = ++asked;
  const response = await fetch(`${palette.dataset.url}?q=${encodeURIComponent(text)}`, fragment);
  if (!response.ok || number !== asked) return;
  palette.querySelector(".results").innerHTML = await response.text();
  shown = text;
  select(0);
}

palette.addEventListener("input", (event) => {
  clearTimeout(timer);
  timer = setTimeout(() => { if (palette.open) find(event.target.value); }, 90);
});

const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

export function moveResult(step) {
  const { length } = options();
  if (length) select((chosen() + step + length) % length);
  return true;
}

// Fast typists press Enter before the results arrive: results of an earlier text don't count.
export function openResult() {
  if (document.activeElement !== palette.querySelector("input")) return false;
  const { value } = palette.querySelector("input");
  clearTimeout(timer);
  (shown === value ? Promise.resolve() : find(value)).then(() => {
    const found = options()[chosen()];
    if (palette.open && found && palette.querySelector("input").value === value) location.assign(found.href);
  });
  return true;
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-dialog=keys]");
  if (!link) return;
  event.preventDefault();
  showKeys();
});
