// Writing: a counter (a hint; the server decides), automatic drafts, inserted macros and links.
import { openAsking } from "./asking.js";
import { Draft } from "./drafts.js";
import { focusOn, leave } from "./forms.js";
import { announce, say } from "./words.js";

const text = document.getElementById("text");
const form = document.getElementById("composer");
const desk = document.getElementById("desk");

// --- counter --------------------------------------------------------------------------------------------------------

const TELL_BELOW = 2000;
const counter = document.getElementById("counter");
const LINK = /https?:\/\/\S+/g;

// As Twitter counts: a link is 23, a letter of most alphabets 1, others (CJK, emoji) 2.
function weighted(value) {
  let total = 0;
  const bare = value.normalize("NFC").replace(LINK, () => { total += 23; return ""; });
  for (const letter of new Intl.Segmenter().segment(bare)) {
    const code = letter.segment.codePointAt(0);
    const light = code <= 4351 || (code >= 8192 && code <= 8205) || (code >= 8208 && code <= 8223) || (code >= 8242 && code <= 8247);
    total += light ? letter.segment.length : 2;
  }
  return total;
}

// The chosen handle may have a different limit.
const handle = document.getElementById("channel");

function count() {
  if (!counter) return;
  const chosen = handle && handle.selectedOptions[0];
  const rules = chosen && "limit" in chosen.dataset ? chosen.dataset : counter.dataset;
  if (!rules.limit) { counter.textContent = ""; return; }
  const length = rules.weighted ? weighted(text.value) : text.value.length;
  const left = Number(rules.limit) - length;
  if (left > TELL_BELOW) counter.textContent = ""; // where nobody gets near the end, it is nobody's care
  else counter.textContent = left >= 0 ? say("left", { count: left }) : say("over", { count: -left });
  counter.classList.toggle("over", left < 0);
}

// --- drafts ---------------------------------------------------------------------------------------------------------

const draft = text && form && form.dataset.draft
  ? new Draft(text, form, document.getElementById("draft-state"), count) : null;

if (text && form) {
  count();
  text.addEventListener("input", count);
  if (handle) handle.addEventListener("change", count);
  form.addEventListener("submit", (event) => { if (!event.defaultPrevented) draft?.sending(); });
  // After a refusal the writer continues where they were.
  if (document.getElementById("problem")) text.focus();
}

// --- inserting ------------------------------------------------------------------------------------------------------

export function insert(value) {
  if (!text) return;
  desk?.dispatchEvent(new CustomEvent("tab", { detail: "talk" }));
  text.focus();
  const before = text.value.slice(0, text.selectionStart);
  const gap = before && !/\s$/.test(before) ? " " : "";
  // As if typed, so that Ctrl+Z undoes it; setRangeText is not in the browser's undo history.
  if (!document.execCommand("insertText", false, gap + value)) {
    text.setRangeText(gap + value, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  announce(value);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  if (button.dataset.text) return insert(button.dataset.text);
  const response = await fetch(button.dataset.insert, { credentials: "same-origin" });
  if (!response.ok) return;
  const { text: words, warning } = await response.json();
  if (!words) return announce(say("nothing_own"));
  // From a private conversation to a public one: nothing is inserted unread.
  if (!warning || window.confirm(`${warning}\n\n${words}`)) insert(words);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-macro]");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const box = document.getElementById("macro-preview");
  if (box.ariaBusy === "true") return;
  box.ariaBusy = "true";
  // The menu keeps the focus until its preview takes it.
  const response = await fetch(button.href, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
  box.ariaBusy = "false";
  if (!response.ok) return;
  // This macro opens a separate panel: whom to ask.
  if (response.redirected) {
    button.closest("details").open = false;
    return openAsking(response.url);
  }
  box.innerHTML = await response.text();
  focusOn(box.querySelector("input:not([type=hidden]), textarea, button") || box);
  button.closest("details").open = false;
});

// The macro's text goes before the draft, so the draft must be saved first.
document.addEventListener("submit", async (event) => {
  if (event.target.id !== "macro-form" || !draft) return;
  event.preventDefault();
  leave(event.target);
  await draft.save();
  event.target.submit();
});

// An answer posted on the platform itself: the text is copied, the link opens the page,
// and the only step left is to say that it was answered.
async function copy(value) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    // Without clipboard permission (or over http) the old way still works.
    text.focus();
    text.select();
    return document.execCommand("copy");
  }
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-copy]");
  if (!link || !text) return;
  const menu = document.getElementById("answered");
  if (menu) menu.open = true;
  const value = text.value.trim();
  if (!value) return;
  const done = copy(value); // begun within the click, as the clipboard wants it
  if (draft) draft.isQuiet = true;
  draft?.save();
  const words = say((await done) ? "copied" : "uncopied");
  draft?.tell(words);
  announce(words);
});

document.addEventListener("click", (event) => {
  const box = document.getElementById("macro-preview");
  if (!box || !event.target.closest("[data-dismiss]")) return;
  box.replaceChildren();
  focusOn(text || document.getElementById("main"));
});
