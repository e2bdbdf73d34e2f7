"""The outbox: everything the desk sends is queued once per key and posted at most once.

Callers use `outbox`, `slack_posts` and `personal`; states, sending, recovery and reconciliation are internal.
"""
