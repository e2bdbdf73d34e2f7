// Reports: draws each chart from its spec in place of the picture, and copies pictures and tables.
// Without this script the page shows the same charts as pictures.

import { offerPoints } from "./points.js";
import "./sorting.js";

const status = document.querySelector("[data-report-status]");
const say = (words) => { if (status) status.textContent = words; };

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

async function draw(figure) {
  const canvas = figure.querySelector(".plot");
  if (!canvas || !window.deskVega) return;
  const url = new URL(figure.dataset.chart, location.href);
  if (isDark()) url.searchParams.set("theme", "dark");
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) return;
  const spec = await response.json();
  spec.width = "container";
  spec.autosize = { type: "fit-x", contains: "padding" };
  const picture = canvas.querySelector("picture");
  const alternative = picture ? picture.querySelector("img").alt : "";
  const host = document.createElement("div");
  host.className = "chart-host";
  host.setAttribute("role", "img");
  host.setAttribute("aria-label", alternative);
  canvas.append(host);
  // ast: expressions are interpreted, so the page needs no unsafe-eval; our own stylesheet takes the place of the inline one.
  const drawn = await window.deskVega.embed(host, spec, {
    ast: true, actions: false, defaultStyle: false, renderer: "canvas", tooltip: { disableDefaultStyle: true },
  });
  if (picture) picture.remove();
  offerPoints(host, drawn.view, figure.dataset.label, say);
}

async function copyPicture(button) {
  try {
    const response = await fetch(button.dataset.copyPicture, { credentials: "same-origin" });
    const blob = await response.blob();
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    say(`${button.textContent}: ✓`);
  } catch {
    location.href = button.dataset.copyPicture; // the browser refuses pictures on the clipboard: hand it over as a file
  }
}

async function copyTable(button) {
  const rows = [...document.querySelector(button.dataset.copyTable).rows];
  const text = rows.map((row) => [...row.cells].map((cell) => cell.firstElementChild?.matches("a")
    ? cell.firstElementChild.textContent : cell.childNodes[0]?.textContent ?? "").map((words) => words.trim()).join("\t")).join("\n");
  await navigator.clipboard.writeText(text);
  say(`${button.textContent}: ✓`);
}

// Choosing days makes the period a custom one.
for (const choice of document.querySelectorAll("[data-custom]")) {
  for (const id of choice.dataset.custom.split(" ")) {
    document.getElementById(id)?.addEventListener("change", () => { choice.value = "custom"; });
  }
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy-picture]")) {
    button.hidden = false;
    button.addEventListener("click", () => copyPicture(button));
  }
  for (const button of document.querySelectorAll("[data-copy-table]")) {
    button.hidden = false;
    button.addEventListener("click", () => copyTable(button));
  }
}
document.querySelectorAll("[data-chart]").forEach((figure) => { draw(figure).catch((error) => console.error(error)); });
