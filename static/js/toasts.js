// What just happened: spoken once; one that offers a way back goes when the way is closed.
import { announce } from "./words.js";

const UNDO_MS = 14000;
const toasts = [...document.querySelectorAll("#toasts .toast")];

announce(toasts.map((toast) => toast.querySelector(".said").textContent).join(" "));

for (const toast of toasts) {
  const offersUndo = toast.querySelector("[data-undo]");
  if (offersUndo) setTimeout(() => toast.remove(), UNDO_MS);
  else if (!toast.matches(".error, .warning")) setTimeout(() => toast.remove(), 6000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-close]");
  if (button) button.closest(".toast").remove();
});

export function undo() {
  const button = document.querySelector("#toasts [data-undo]") || document.querySelector("[form=undo-reply]");
  if (button) button.click();
}
