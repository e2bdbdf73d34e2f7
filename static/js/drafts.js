// Unsent text: saved automatically, numbered, and kept in this window until the desk has it. The newest text
// wins over a reload, a lost connection and a second window (mentions/replies/drafts.py has the rules).
import { announce, post, say } from "./words.js";

const SAVE_MS = 1200;
const SENT_MS = 10 * 60e3;
const KEPT_MS = 12 * 3600e3;

// --- this window ----------------------------------------------------------------------------------------------------

const store = (name, value) => {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch { /* full, or none at all: the desk has what was saved */ }
};
const recall = (name) => {
  try { return JSON.parse(sessionStorage.getItem(name) || "null"); } catch { return null; }
};

function windowName() {
  const known = recall("desk-window");
  if (known) return known;
  const made = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  store("desk-window", made);
  return made;
}

// Nothing that was sent, or is from another day, is kept.
function sweep() {
  for (const name of Object.keys(sessionStorage).filter((each) => each.startsWith("draft:"))) {
    const kept = recall(name);
    if (!kept || Date.now() - kept.at > (kept.isSent ? SENT_MS : KEPT_MS)) store(name, null);
  }
}

// --- one draft ------------------------------------------------------------------------------------------------------

export class Draft {
  // `text`: the field; `form`: with the draft's address and what the desk had when it made the page; `state`: where to
  // report; `changed`: called when the text was changed here.
  constructor(text, form, state, changed) {
    Object.assign(this, { text, form, state, changed, url: form.dataset.draft, name: form.dataset.kept });
    this.window = windowName();
    this.version = Number(form.dataset.version);
    this.saved = text.defaultValue;
    this.sequence = 0;
    this.isQuiet = false; // what is to be done with a copy matters more than that the draft is kept
    sweep();
    this.begin(recall(this.name));
    this.listen();
  }

  get isUnsaved() { return this.text.value !== this.saved; }

  listen() {
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("blur", () => this.save());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.save() : this.look()));
    window.addEventListener("pageshow", (event) => { this.isSending = false; if (event.persisted) this.look(); });
    window.addEventListener("pagehide", () => this.flush());
  }

  // A copy that had not reached the desk is newer than the text in the page, unless another window saved in between.
  begin(kept) {
    if (!kept || kept.text === this.saved) return store(this.name, null);
    const isOurs = this.form.dataset.writer === this.window;
    const isNewer = isOurs ? kept.sequence > Number(this.form.dataset.sequence) : kept.base >= this.version;
    if (isNewer) return this.restore(kept.text);
    if (isOurs || kept.isSent) return store(this.name, null);
    return this.offer(kept.text, () => { store(this.name, null); });
  }

  restore(value) {
    this.put(value);
    this.tell(say("restored"));
    announce(say("restored"));
    this.save();
  }

  put(value) {
    this.text.value = value;
    this.keep();
    this.changed();
  }

  typed() {
    this.isQuiet = false;
    this.tell("");
    this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_MS);
  }

  // The clock orders two windows that share a name, such as a duplicated tab.
  keep(isSent = false) {
    this.sequence = Math.max(this.sequence + 1, Date.now());
    store(this.name, { text: this.text.value, sequence: this.sequence, base: this.version, isSent, at: Date.now() });
  }

  stamped() {
    return { text: this.text.value, writer: this.window, sequence: this.sequence, base: this.version };
  }

  async save() {
    if (!this.url || this.isSending || !this.isUnsaved || this.other !== undefined) return;
    if (!this.sequence) this.keep();
    const sent = this.stamped();
    try {
      const response = await post(this.url, sent);
      if (!response.ok) throw new Error(String(response.status));
      this.answered(sent, await response.json());
    } catch {
      this.tell(say("unsaved"));
    }
  }

  answered(sent, answer) {
    const isOurs = answer.writer === this.window;
    if (!answer.is_newest && !isOurs && answer.text !== this.text.value) return this.differs(answer);
    this.version = Math.max(this.version, answer.version);
    if (!answer.is_newest && isOurs) return;
    this.saved = sent.text;
    if (!this.isUnsaved) store(this.name, null);
    if (!this.isQuiet) this.tell(say("saved"));
  }

  // Leaving in any way but sending keeps the text.
  flush() {
    if (!this.url || this.isSending || !this.isUnsaved || this.other !== undefined) return;
    const body = new FormData();
    for (const [name, value] of Object.entries(this.stamped())) body.append(name, value);
    body.append("csrfmiddlewaretoken", this.form.querySelector("[name=csrfmiddlewaretoken]").value);
    navigator.sendBeacon(this.url, body);
  }

  sending() {
    clearTimeout(this.timer);
    this.keep(true);
    this.isSending = true;
  }

  // --- two windows --------------------------------------------------------------------------------------------------

  async look() {
    if (!this.url || this.isSending || this.other !== undefined) return;
    try {
      const response = await fetch(this.url, { credentials: "same-origin", cache: "no-store" });
      if (!response.ok) return;
      const answer = await response.json();
      if (answer.version <= this.version) return;
      if (this.isUnsaved && answer.text !== this.text.value) return this.differs(answer);
      this.follow(answer);
    } catch { /* the heartbeat says when the desk cannot be reached */ }
  }

  follow(answer) {
    const isNew = this.text.value !== answer.text;
    this.version = answer.version;
    this.saved = this.text.value = answer.text;
    store(this.name, null);
    if (!isNew) return;
    this.changed();
    this.tell(say(answer.text ? "newer" : "sent_elsewhere"));
    announce(this.state.textContent);
  }

  differs(answer) {
    this.version = answer.version;
    this.offer(answer.text, () => this.save());
  }

  // Neither text is discarded silently.
  offer(other, keepThis) {
    this.other = other;
    const settled = () => { this.other = undefined; this.tell(""); this.text.focus(); };
    const use = button(say("use_other"), () => { settled(); this.put(other); this.save(); });
    const keep = button(say("keep_this"), () => { settled(); keepThis(); });
    const quoted = document.createElement("q");
    quoted.textContent = other;
    this.state.replaceChildren(say("two_drafts"), " ", quoted, " ", use, " ", keep);
    announce(say("two_drafts"));
  }

  tell(words) {
    if (this.state && this.other === undefined) this.state.textContent = words;
  }
}

function button(words, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "small", textContent: words });
  made.addEventListener("click", act);
  return made;
}
