// Buttons that copy the text of a field: `data-copies` is its id, `data-done` what the button says then. Where the
// browser has no clipboard (over http) there is no button, and the text is selected by hand.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const before = button.textContent;
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).value);
      button.textContent = button.dataset.done;
      setTimeout(() => (button.textContent = before), 2000);
    });
  }
}
