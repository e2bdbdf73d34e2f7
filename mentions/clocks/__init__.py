"""Reply clocks: targets, first reply, due times. Recomputed from messages, never incremented.

Callers use `clocks.recompute` and `targets`; `thread_keys` says which conversation a message belongs to.
"""
