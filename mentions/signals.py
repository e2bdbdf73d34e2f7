"""The desk's signals: sent after commit, always only a nudge."""

from django.dispatch import Signal

message_ingested = Signal()
"""Arguments: message_ids (list[int])."""

thread_states_changed = Signal()
"""Arguments: state_ids (list[int]), conversation states that a platform reported; message_ids (list[int]), new ones."""
