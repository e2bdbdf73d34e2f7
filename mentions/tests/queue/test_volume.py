from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mentions.models import Sighting
from mentions.queue.volume import by_day
from mentions.tests.factories import ChannelFactory, MessageFactory

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_mentions_are_counted_by_channel_and_day():
    channel, silent = ChannelFactory(), ChannelFactory()
    for hours in (0, 0.4, 1, 25, 24 * 2 + 1, 24 * 40):
        Sighting.objects.create(message=MessageFactory(), channel=channel, at=NOW - timedelta(hours=hours))
    counts = by_day(NOW, 4)
    assert counts[channel.pk] == [1, 1, 1, 2]
    assert counts[silent.pk] == [0, 0, 0, 0]
