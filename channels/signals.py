"""Signals of the `channels` app, sent after commit and only as hints.

Every receiver must also find the work in the tables: a lost signal loses nothing.
"""

from django.dispatch import Signal

items_stored = Signal()
"""Arguments: connection_id (int), item_ids (list[int])."""

delivery_changed = Signal()
"""Arguments: outbound_id (int), state (str)."""
