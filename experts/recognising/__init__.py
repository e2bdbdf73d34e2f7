"""Whether a message is an expert's answer: which request it answers and how sure that is (`matching`). What tells: its
place in the thread, a name written differently, words that say "I work here", the draft that it carries."""
