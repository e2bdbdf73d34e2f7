// The wall display: htmx fetches the figures; this reports failures, and rejects any other content.

const wall = document.querySelector("[data-wall]");
const late = wall.querySelector("[data-wall-late]");
const every = Number(wall.dataset.wall) * 1000;
const place = document.getElementById("wall-figures");
let fresh = Date.now();

function told(isLate) {
  if (late.hidden !== isLate) return;
  late.hidden = !isLate;
  late.textContent = isLate ? late.dataset.words : "";
}

// A login page or any other response is rejected.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== place) return;
  if (!event.detail.xhr.responseText.includes("data-counted")) { event.detail.shouldSwap = false; told(true); }
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== place) return;
  fresh = Date.now();
  told(false);
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => { if (event.detail.target === place) told(true); });
}
// A screen that was asleep, or a request that never ends.
setInterval(() => { if (Date.now() - fresh > 2.5 * every) told(true); }, 5000);
