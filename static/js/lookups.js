// Searches beside the composer: the ticket's words are proposed, one key searches with them, arrows move among the
// results, and one key inserts the focused result's link. Called by key_actions.js; doesn't listen to keys itself.
const field = () => document.getElementById("lookup");
const panel = () => document.getElementById("links");

// The server's proposal goes into the field unless somebody has typed there.
document.addEventListener("htmx:afterSwap", (event) => {
  const told = event.target.id === "links" && event.target.querySelector("[data-proposed]");
  if (told && field() && !field().value) field().value = told.dataset.proposed;
});

// The section is the last beside the composer: what is found there must not lie below the fold.
document.addEventListener("htmx:afterSettle", (event) => {
  if (panel()?.contains(event.target) && document.activeElement === field()) {
    panel().closest(".panel")?.scrollIntoView({ block: "start" });
  }
});

// The first press searches with the ticket's words; later ones only focus the field.
export function lookUp() {
  const form = document.getElementById("lookup-form");
  if (!form) return false;
  field().select();
  panel().closest(".panel")?.scrollIntoView({ block: "start" });
  if (field().value && !panel().querySelector("[data-searched]")) form.requestSubmit();
  return true;
}

const hits = () => [...panel().querySelectorAll("[data-hit]")];

export function moveHit(step) {
  const all = hits();
  if (!all.length) return false;
  const at = all.indexOf(document.activeElement);
  if (at + step < 0 && at >= 0) field().focus();
  else all[at < 0 ? 0 : Math.min(at + step, all.length - 1)].focus();
  return true;
}

export function insertHit() {
  const link = document.activeElement?.closest("[data-hit]");
  const button = link?.parentElement.querySelector("[data-insert]");
  button?.click();
  return Boolean(button);
}
