// A ticket on screen: its tabs on a narrow page, emails in their frames, the claim's heartbeat, news.
import "./composer.js";
import { announce, post, say } from "./words.js";

const desk = document.getElementById("desk");
const RENEW_MS = 45000;
const NEWS_MS = 15000;

// --- narrow pages: two tabs and a sheet -----------------------------------------------------------------------------

function showTab(name) {
  desk.dataset.tab = name;
  for (const button of desk.querySelectorAll(".tabs button")) {
    button.setAttribute("aria-pressed", String(button.dataset.tab === name));
  }
}
for (const button of desk.querySelectorAll(".tabs button")) {
  button.addEventListener("click", () => showTab(button.dataset.tab));
}
desk.addEventListener("tab", (event) => showTab(event.detail));

const actions = document.getElementById("actions");
function openSheet(isOpen) {
  if (!actions) return;
  actions.classList.toggle("opened", isOpen);
  actions.classList.toggle("closed", !isOpen);
  actions.querySelector(".sheet-open").setAttribute("aria-expanded", String(isOpen));
}
if (actions) {
  const toggle = actions.querySelector(".sheet-open");
  toggle.addEventListener("click", (event) => { event.stopPropagation(); openSheet(actions.classList.contains("closed")); });
  desk.addEventListener("sheet", (event) => openSheet(event.detail));
  document.addEventListener("click", (event) => { if (!event.target.closest("#outcomes")) openSheet(false); });
}

// --- emails in their original layout --------------------------------------------------------------------------------

function fit(frame) {
  try {
    frame.height = 40; // a frame is never shorter than itself: measure from below
    const height = frame.contentDocument.documentElement.scrollHeight;
    if (height > 40) frame.height = Math.min(height + 4, 4000);
  } catch { /* the frame is somebody else's now: it keeps its height */ }
}
for (const details of document.querySelectorAll(".mail-view")) {
  const frame = details.querySelector("iframe");
  frame.addEventListener("load", () => fit(frame));
  details.addEventListener("toggle", () => { if (details.open && !frame.src) frame.src = frame.dataset.src; });
  details.querySelector("[data-pictures]").addEventListener("click", (event) => {
    event.preventDefault();
    frame.src = event.target.href;
    event.target.parentElement.hidden = true;
  });
}

// --- keeping the claim and the conversation current -----------------------------------------------------------------

function tell(text) {
  const notice = document.getElementById("news");
  if (!notice || notice.textContent === text) return;
  notice.textContent = text;
  notice.hidden = false;
  announce(text);
}

async function renew() {
  let response;
  try {
    response = await post(desk.dataset.renew, { token: desk.dataset.token });
  } catch {
    return tell(say("offline"));
  }
  if (response.status === 409) {
    clearInterval(beat);
    tell(say("lost"));
  } else if (response.ok && document.getElementById("news")?.textContent === say("offline")) {
    document.getElementById("news").hidden = true;
  }
}
const beat = desk.dataset.renew ? setInterval(renew, RENEW_MS) : 0;
desk.addEventListener("left", () => clearInterval(beat));

// The state of each reply shown as being sent, so that it doesn't stay that way forever.
function showReplies(replies) {
  for (const { id, state, badge, words } of replies || []) {
    const under = document.querySelector(`#reply-${id} .under`);
    if (!under || under.dataset.state === state) continue;
    const shown = under.querySelector(".badge");
    if (under.dataset.state === undefined && shown?.textContent === badge) {
      under.dataset.state = state;
      continue;
    }
    under.dataset.state = state;
    const mark = document.createElement("span");
    mark.className = `badge ${state}`;
    mark.textContent = badge;
    const said = document.createElement("span");
    said.textContent = words;
    under.replaceChildren(mark, " ", said);
    announce(`${badge}. ${words}`);
  }
}

let newsTag = "";
async function news() {
  if (document.hidden) return;
  try {
    const headers = newsTag ? { "If-None-Match": newsTag } : {};
    const address = `${desk.dataset.news}?seen=${desk.dataset.seen}`;
    const response = await fetch(address, { headers, cache: "no-store", credentials: "same-origin" });
    if (response.status === 200) {
      newsTag = response.headers.get("ETag") || "";
      const { words, replies } = await response.json();
      showReplies(replies);
      if (words) tell(words);
    }
  } catch { /* the heartbeat says when the desk cannot be reached */ }
}
if (desk.dataset.news) setInterval(news, NEWS_MS);

const fresh = document.querySelector("[data-fresh]") || document.getElementById("problem");
if (fresh) fresh.scrollIntoView({ block: "center" });
