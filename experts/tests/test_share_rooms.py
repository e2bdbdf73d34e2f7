"""*Share to Slack* suggests the channel's own Slack channels first, then those of all topics."""

import pytest

from experts.models import Topic
from mentions.notifications import sharing
from mentions.tests.factories import TicketFactory

pytestmark = pytest.mark.django_db


def test_rooms_of_topics_are_suggested_after_the_channels_own():
    ticket = TicketFactory()
    ticket.channel.slack_channels = ["#reddit", "#product"]
    for room in ("#product", "#ceo", ""):
        Topic.objects.create(name=room or "none", slug=room[1:] or "none", slack_channel=room)
    assert sharing.channels_of(ticket) == ["#reddit", "#product", "#ceo"]
