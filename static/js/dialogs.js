// The list of keys and the palette, fetched when first asked for.
const fragment = { headers: { "X-Fragment": "1" }, credentials: "same-origin" };

async function load(dialog, url) {
  const response = await fetch(url, fragment);
  if (response.ok) dialog.innerHTML = await response.text();
  return response.ok;
}

export async function showKeys() {
  const dialog = document.getElementById("keys");
  if (dialog.open) return dialog.close();
  if (!dialog.firstElementChild && !(await load(dialog, dialog.dataset.url))) return location.assign(dialog.dataset.url);
  dialog.showModal();
}

export function showPalette() {
  const dialog = document.getElementById("palette");
  if (dialog.open) return;
  const input = dialog.querySelector("input");
  input.value = "";
  // Open at once: what is typed before the list is there must not reach the page's keys.
  dialog.showModal();
  input.focus();
  find("");
}

const palette = document.getElementById("palette");
const options = () => [...palette.querySelectorAll("[role=option]")];

function select(index) {
  const all = options();
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
  const chosen = all[index];
  const input = palette.querySelector("input");
  if (!chosen) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
}

let timer = 0;
let asked = 0;

async function find(text) {
  const number = ++asked;
  const response = await fetch(`${palette.dataset.url}?q=${encodeURIComponent(text)}`, fragment);
  if (!response.ok || number !== asked) return;
  palette.querySelector(".results").innerHTML = await response.text();
  select(0);
}

palette.addEventListener("input", (event) => {
  clearTimeout(timer);
  timer = setTimeout(() => find(event.target.value), 90);
});

palette.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (all.length) select((at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length);
  } else if (event.key === "Enter" && all[at]) {
    event.preventDefault();
    location.assign(all[at].href);
  }
});

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-dialog=keys]");
  if (!link) return;
  event.preventDefault();
  showKeys();
});
