"""Reads what comes from outside in a process that can be stopped.

Whatever a payload does to a parser (never ends, eats all memory, crashes the interpreter), it does it to a child
process with a budget, and the item that did it is known. `channels.parsing.reader` is the way in.

parent (worker, web, command)          fork server (one per parent)          parser (forked; reused until it dies)
  reader ── pool ──── start, end ───────▶ child.serve ──── fork ───────────────▶ child.work
              └────────────────── items, answers: frames over a socket pair ──────┘
"""
