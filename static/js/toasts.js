// Messages about what just happened: spoken once; one with an undo button disappears when undo is no longer possible.
import { keepingFocus } from "./forms.js";
import { announce } from "./words.js";

const toasts = [...document.querySelectorAll("#toasts .toast")];

announce(toasts.map((toast) => toast.querySelector(".said").textContent).join(" "));

const remove = (toast) => keepingFocus(toast, () => toast.remove());

for (const toast of toasts) {
  const offersUndo = toast.querySelector("[data-undo]");
  if (offersUndo) setTimeout(remove, Number(offersUndo.dataset.undo) * 1000, toast);
  else if (!toast.matches(".error, .warning")) setTimeout(remove, 6000, toast);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-close]");
  if (button) remove(button.closest(".toast"));
});

export function undo() {
  const button = document.querySelector("#toasts [data-undo]") || document.querySelector("[form=undo-reply]");
  button?.click();
  return Boolean(button);
}
