"""Values that other pages take from all topics: their Slack channels, for sharing; their words, for searching
elsewhere."""

from __future__ import annotations

from experts.models import Topic


def slack_rooms() -> list[str]:
    """Sorted, each once."""
    rooms = Topic.objects.exclude(slack_channel="").values_list("slack_channel", flat=True)
    return sorted(set(rooms))


def product_words() -> list[str]:
    """The keywords of all topics, as they were entered."""
    return [str(word) for words in Topic.objects.values_list("keywords", flat=True) for word in words]
