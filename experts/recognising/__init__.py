"""Recognises experts' answers: which request a message answers, and how sure that is (`matching`). The evidence: its
place in the thread, a similar name, words that say "I work here", the draft it carries."""
