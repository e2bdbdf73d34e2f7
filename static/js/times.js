// Keeps relative times current while a page stays open; the same words as mentions/text/times.py.
import { keepingFocus } from "./forms.js";
import { announce, say } from "./words.js";

function span(ms) {
  const minutes = Math.floor(Math.max(0, ms) / 60000);
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return say("minutes", { minutes });
  if (hours < 6 && minutes % 60) return say("hours_minutes", { hours, minutes: minutes % 60 });
  if (hours < 48) return say("hours", { hours });
  return say("days", { days: Math.floor(hours / 24) });
}

const kinds = {
  ago(ms) {
    if (-ms > 14 * 86400e3) return null; // the date that the server wrote stays
    return -ms < 60e3 ? say("now") : say("ago", { span: span(-ms) });
  },
  ahead: (ms) => (ms <= 0 ? say("now") : say("ahead", { span: span(Math.ceil(ms / 60000) * 60000) })),
  due(ms, element) {
    element.classList.toggle("overdue", ms < 0); // the same rule as mentions/clocks/overdue.py
    const soon = ms >= 0 && Date.parse(element.dataset.soon) <= Date.now(); // as mentions/clocks/due_soon.py says
    element.classList.toggle("soon", soon);
    if (soon) return say("due_soon", { span: span(ms) });
    return ms < 0 ? say("overdue", { span: span(-ms) }) : say("due", { span: span(ms) });
  },
};

export function refresh() {
  for (const element of document.querySelectorAll("time[data-time]")) {
    const kind = kinds[element.dataset.time];
    if (!kind) continue;
    const text = kind(Date.parse(element.dateTime) - Date.now(), element);
    if (text && element.textContent !== text) element.textContent = text;
  }
}

// Scheduled replies: the seconds until they leave.
function countDown() {
  for (const element of document.querySelectorAll("[data-sends]")) {
    const seconds = Math.ceil((Date.parse(element.dataset.sends) - Date.now()) / 1000);
    if (seconds > 0) {
      element.textContent = say("sends", { seconds });
    } else {
      element.textContent = say("sending");
      delete element.dataset.sends;
      // It has left: remove the undo button.
      element.previousElementSibling?.remove();
      const undo = element.parentElement.querySelector("[form=undo-reply]");
      if (undo) keepingFocus(undo, () => undo.remove());
      announce(say("sending"));
    }
  }
}

setInterval(refresh, 30000);
setInterval(countDown, 1000);
countDown();
