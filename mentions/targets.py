"""Until when a mention should have its first reply. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

HIGH_PRIORITY = 30
HIGH_PRIORITY_TARGET_MINUTES = 300
"""The handbook's goal for high priority: five hours, or sooner where the channel asks for sooner."""


class HasTarget(Protocol):
    target_minutes: int


def target_minutes(channel_minutes: int, priority: int) -> int:
    return min(channel_minutes, HIGH_PRIORITY_TARGET_MINUTES) if priority >= HIGH_PRIORITY else channel_minutes


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def first_reply_due(posted_at: datetime, channel: HasTarget, priority: int) -> datetime:
    """Aware UTC. Minutes of elapsed time, so that a change of the clocks moves nothing."""
    return posted_at + timedelta(minutes=target_minutes(channel.target_minutes, priority))
