// Words in the reader's language, put on the page by the server, and the live region that speaks them.
const element = document.getElementById("words");
const words = element ? JSON.parse(element.textContent) : {};

// say("left", {count: 12}) fills %(count)d and %(count)s.
export function say(name, values = {}) {
  return (words[name] || "").replace(/%\((\w+)\)[ds]/g, (_, key) => values[key]);
}

// For screen readers; cleared first, so that the same words twice are spoken twice.
export function announce(text) {
  const live = document.getElementById("live");
  if (!live || !text) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

export function csrf() {
  const headers = document.body.getAttribute("hx-headers");
  return headers ? JSON.parse(headers)["X-CSRFToken"] : "";
}

export async function post(url, values = {}) {
  const body = new FormData();
  for (const [name, value] of Object.entries(values)) body.append(name, value);
  return fetch(url, { method: "POST", body, headers: { "X-CSRFToken": csrf() }, credentials: "same-origin" });
}
