"""How long an outcome can be undone; what it sends leaves only then."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

UNDO_SLACK_SECONDS = 5
"""Allows for the page's clock and the click's travel time."""


def undo_window() -> timedelta:
    return timedelta(seconds=settings.UNDO_SECONDS + UNDO_SLACK_SECONDS)
