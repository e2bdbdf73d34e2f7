// Menus are details elements: one open at a time, closed by Escape or a click elsewhere, focus goes in and comes back.
const open = () => document.querySelector("details.menu[open]");

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".menu") || !menu.open) return;
  for (const other of document.querySelectorAll("details.menu[open]")) if (other !== menu) other.open = false;
  enter(menu);
}, true);

function enter(menu) {
  if (menu.querySelector(".menu-body").contains(document.activeElement)) return;
  const first = menu.querySelector(".menu-body :is(input:not([type=hidden]), select, textarea, button, a)");
  if (first) first.focus({ preventScroll: true });
}

// By key: the focus is inside at once, since `toggle` comes later than the next key of a quick hand.
export function openMenu(menu) {
  menu.open = true;
  enter(menu);
}

document.addEventListener("click", (event) => {
  const menu = open();
  if (menu && !menu.contains(event.target)) menu.open = false;
});

export function closeMenu() {
  const menu = open();
  if (!menu) return false;
  menu.open = false;
  menu.querySelector("summary").focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  const menu = open();
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = [...menu.querySelectorAll(".menu-body > a, .menu-body > button, .menu-body > form > button")];
  const at = items.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length].focus();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && button.dataset.confirm && !window.confirm(button.dataset.confirm)) event.preventDefault();
});
