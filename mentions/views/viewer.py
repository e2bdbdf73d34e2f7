"""The viewer and their preferences: one row."""

from __future__ import annotations

import zoneinfo
from datetime import tzinfo

from django.http import HttpRequest

from mentions.models import Preference


def preference_of(request: HttpRequest) -> Preference:
    """The viewer's preferences, or the (unsaved) defaults."""
    user = request.user
    if not user.is_authenticated:
        return Preference()
    try:
        return user.preference  # loaded with the user (`mentions.people.current`)
    except Preference.DoesNotExist:
        return Preference(user_id=user.pk)


def zone_of(preference: Preference) -> tzinfo | None:
    """None for the desk's own zone, also if a saved zone no longer exists."""
    try:
        return zoneinfo.ZoneInfo(preference.time_zone) if preference.time_zone else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
