"""Parses external data in a process that can be killed.

If a payload hangs its parser, exhausts memory or crashes the interpreter, that only affects a child process with a
budget, and the item responsible is known. The entry point is `channels.parsing.reader`.

parent (worker, web, command)          fork server (one per parent)          parser (forked; reused until it dies)
  reader ── pool ──── start, end ───────▶ child.serve ──── fork ───────────────▶ child.work
              └────────────────── items, answers: frames over a socket pair ──────┘
"""
