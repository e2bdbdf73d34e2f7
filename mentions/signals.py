"""The desk's signals: sent after commit, always only a nudge."""

from django.dispatch import Signal

message_ingested = Signal()
"""Arguments: message_ids (list[int])."""
