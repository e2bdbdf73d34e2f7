"""What tells an answer: where in the thread it is, a name written differently, words that say "I work here"."""
