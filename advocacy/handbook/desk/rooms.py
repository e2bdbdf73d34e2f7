"""Slack channels that the handbook names in addition to those of channels and experts: for sharing tickets, and to
watch."""

from __future__ import annotations

from typing import Any

ROOMS: tuple[tuple[str, str, str], ...] = (
    ("incident-management", "Incident management", "#incident-management"),
    ("infrastructure-lounge", "Infrastructure", "#infrastructure-lounge"),
    ("release-post", "Release post", "#release-post"),
    ("key-monthly-marketing", "Key monthly marketing meeting", "#keymonthlymarketingmeeting"),
    ("abuse", "Abuse: reported spam", "#abuse"),
    ("social-media", "Social media: worth a retweet", "#social_media"),
)
"""(slug, name, Slack channel)"""


def rows() -> list[tuple[str, dict[str, Any]]]:
    """(slug, values) of each, as a topic without words: suggested where a ticket is shared, never for a mention."""
    return [(slug, {"name": name, "kind": "team", "slack_channel": room}) for slug, name, room in ROOMS]
