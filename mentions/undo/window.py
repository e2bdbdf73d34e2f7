"""How long something can be undone. Anything it sends leaves only after the window: "undone" means "not sent".

| what | until | by |
| --- | --- | --- |
| a reply | it leaves | its author, or who may delete replies (`rights.require_reply`) |
| a post of ours | it leaves | whoever may post as its handle (`mentions.replies.posts`) |
| an outcome: solved, parked, passed on … | `GRACE` after the window | whoever chose it (`rights.is_own_outcome`) |
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

GRACE = timedelta(seconds=5)
"""Allows for the page's clock and the click's travel time."""


def length() -> timedelta:
    """The setting DESK_UNDO_SECONDS."""
    return timedelta(seconds=settings.UNDO_SECONDS)


def end(now: datetime) -> datetime:
    """When a reply or post that is sent now leaves."""
    return now + length()


def end_of_outcome(at: datetime) -> datetime:
    """The last moment to undo an outcome of `at`; what goes with it (a like, a Slack message) leaves then."""
    return end(at) + GRACE
