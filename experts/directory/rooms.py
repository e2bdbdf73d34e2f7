"""The Slack channels of all topics, suggested where a ticket is shared."""

from __future__ import annotations

from experts.models import Topic


def slack_rooms() -> list[str]:
    """Sorted, each once."""
    rooms = Topic.objects.exclude(slack_channel="").values_list("slack_channel", flat=True)
    return sorted(set(rooms))
