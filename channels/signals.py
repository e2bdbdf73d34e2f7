"""News from the outside world, always sent after commit and always only a nudge.

Every receiver must find the same work in the tables by itself: a lost signal loses nothing.
"""

from django.dispatch import Signal

items_stored = Signal()
"""Arguments: connection_id (int), item_ids (list[int])."""

delivery_changed = Signal()
"""Arguments: outbound_id (int), state (str)."""
