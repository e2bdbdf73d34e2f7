"""Records when each channel last received a mention, for its health line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from channels.monitoring import last_items
from mentions.ingest.reading.reading import Parsed

PAUSE = timedelta(seconds=15)
"""Not updated for every batch, or workers would wait for each other's lock on the row."""


def touch_last_item(parsed: Iterable[Parsed]) -> None:
    """Record when each channel last received a mention. Runs outside the batch's transaction."""
    newest: dict[int, datetime] = {}
    for each in parsed:
        for channel in () if each.is_context else each.channels:
            if channel.last_item_at is None or channel.last_item_at < each.at - PAUSE:
                newest[channel.pk] = channel.last_item_at = each.at
    last_items.touch(newest)
