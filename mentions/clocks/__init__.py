"""Reply clocks: targets, first reply, due times. Recomputed from messages, never incremented.

`first_reply` decides which message is the first reply. Callers use `clocks.recompute`, `targets` and `covered` (time
within coverage hours).
"""
