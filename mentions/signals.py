"""News from the desk, always sent after commit and always only a nudge."""

from django.dispatch import Signal

message_ingested = Signal()
"""Arguments: message_ids (list[int])."""
