// The number of undelivered items in the bar, kept current while a page stays open.
import { announce } from "./words.js";

const link = document.getElementById("problems");
const EVERY_MS = 20000;
let tag = "";

async function look() {
  if (document.hidden) return;
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const response = await fetch(link.dataset.count, { headers, cache: "no-store", credentials: "same-origin" });
    if (response.status !== 200 || response.redirected) return; // 304: nothing new
    tag = response.headers.get("ETag") || "";
    const { count, words } = await response.json();
    const said = link.hidden ? "" : link.textContent;
    link.hidden = count === 0;
    if (count) link.textContent = words;
    if (count && words !== said) announce(words);
  } catch { /* the next look tells */ }
}
if (link) setInterval(look, EVERY_MS);
