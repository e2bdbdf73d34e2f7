"""What the forms on tickets and lists offer, as ((value, label), …) in the reader's language. What is the same on every
page is worked out once per language: each translated label costs as much as a small database row."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from channels.models.connection import Priority
from mentions.models import Mark, Ticket, parking_reasons

Choices = tuple[tuple[Any, str], ...]


def park_reasons() -> Choices:
    return _park_reasons(get_language())


def no_reply_reasons(*, can_like: bool) -> Choices:
    """Praise mentions the like if one will be sent."""
    return _no_reply_reasons(get_language(), _("praise: like it") if can_like else "")


def no_reply_reasons_of_many() -> Choices:
    """For tickets of several platforms: not each of them can be liked."""
    return _no_reply_reasons(get_language(), _("praise: like it where possible"))


def priorities() -> Choices:
    return _priorities(get_language())


def marks() -> Choices:
    return _marks(get_language())


def park_times(now: datetime) -> Choices:
    """ISO times to park until, in the viewer's time zone."""
    local = timezone.localtime(now)
    morning = local.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    monday = morning + timedelta(days=(7 - morning.weekday()) % 7)
    moments = [
        (now + timedelta(hours=1), _("in 1 h")),
        (now + timedelta(hours=4), _("in 4 h")),
        (morning, _("tomorrow, 09:00")),
    ]
    if monday > morning:
        moments.append((monday, _("Monday, 09:00")))
    moments.append((now + timedelta(days=14), _("in 2 weeks")))
    return tuple((at.isoformat(), words) for at, words in moments)


@cache
def _park_reasons(language: str | None) -> Choices:
    return tuple(parking_reasons.offered())


@cache
def _no_reply_reasons(language: str | None, praise: str) -> Choices:
    return tuple(
        (value, praise if praise and value == Ticket.NoReply.PRAISE else str(label))
        for value, label in Ticket.NoReply.choices
        if value
    )


@cache
def _priorities(language: str | None) -> Choices:
    return tuple((value, str(label)) for value, label in Priority.choices)


@cache
def _marks(language: str | None) -> Choices:
    return tuple((kind, str(label)) for kind, label in Mark.Kind.choices)
