"""Reply clocks: targets, first reply, due times. Recomputed from messages, never incremented.

Callers use `clocks.recompute`, `covered` (time within coverage hours) and `targets`.
"""
