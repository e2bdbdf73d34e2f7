// Writing: a counter (a hint; the server decides), drafts kept by themselves, macros and links put in.
import { announce, post, say } from "./words.js";

const text = document.getElementById("text");
const form = document.getElementById("composer");

// --- counter ---------------------------------------------------------------------------------------------------------

const TELL_BELOW = 2000;
const counter = document.getElementById("counter");
const LINK = /https?:\/\/\S+/g;

// As Twitter counts: a link is 23, letters of most alphabets 1, others (CJK, emoji) 2.
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

// The handle that is chosen may be on a platform with a limit of its own.
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

// --- drafts ----------------------------------------------------------------------------------------------------------

const state = document.getElementById("draft-state");
let timer = 0;
let saved = text ? text.value : "";
let sending = false;
let copied = false; // what is to be done with the copy matters more than that the draft is kept

async function save() {
  if (!form || !form.dataset.draft || sending || text.value === saved) return;
  const value = text.value;
  try {
    const response = await post(form.dataset.draft, { text: value });
    if (!response.ok) throw new Error(String(response.status));
    saved = value;
    if (!copied) state.textContent = say("saved");
  } catch {
    state.textContent = say("unsaved");
  }
}

if (text && form) {
  count();
  text.addEventListener("input", () => {
    count();
    copied = false;
    if (state) state.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(save, 1200);
  });
  text.addEventListener("blur", save);
  if (handle) handle.addEventListener("change", count);
  form.addEventListener("submit", (event) => {
    // A second press while the first is on its way would be refused by its key anyway; do not even ask.
    if (sending) return event.preventDefault();
    sending = true;
    clearTimeout(timer);
  });
  window.addEventListener("pageshow", () => { sending = false; });
  // Leaving by any other way keeps what was typed.
  window.addEventListener("pagehide", () => {
    if (sending || !form.dataset.draft || text.value === saved) return;
    const body = new FormData();
    body.append("text", text.value);
    body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    navigator.sendBeacon(form.dataset.draft, body);
  });
  // After something was refused the writer goes on where they were.
  if (document.getElementById("problem")) text.focus();
}

// --- putting things in -----------------------------------------------------------------------------------------------

export function insert(value) {
  if (!text) return;
  text.focus();
  const before = text.value.slice(0, text.selectionStart);
  const gap = before && !/\s$/.test(before) ? " " : "";
  text.setRangeText(gap + value, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  announce(value);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  if (button.dataset.text) return insert(button.dataset.text);
  const response = await fetch(button.dataset.insert, { credentials: "same-origin" });
  if (response.ok) insert((await response.json()).text);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-macro]");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const box = document.getElementById("macro-preview");
  button.closest("details").open = false;
  const response = await fetch(button.href, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
  if (!response.ok) return;
  box.innerHTML = await response.text();
  const first = box.querySelector("input:not([type=hidden]), textarea, button");
  if (first) first.focus();
});

// The macro's text goes in front of the draft, so the draft has to be there first.
document.addEventListener("submit", async (event) => {
  if (event.target.id !== "macro-form") return;
  event.preventDefault();
  await save();
  event.target.submit();
});

// An answer that is posted on the platform itself: its text goes along, the place opens (the link does that by itself),
// and what is left to say is that it was answered.
async function copy(value) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    // Without the right to write to the clipboard (or over http) the old way still works.
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
  copied = true;
  const done = copy(value); // begun within the click, as the clipboard wants it
  save();
  state.textContent = say((await done) ? "copied" : "uncopied");
  announce(state.textContent);
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-dismiss]")) return;
  document.getElementById("macro-preview").replaceChildren();
  text.focus();
});
