"""Who looks, and how they like it: one row of preferences."""

from __future__ import annotations

import zoneinfo
from datetime import tzinfo

from django.http import HttpRequest

from mentions.models import Preference


def preference_of(request: HttpRequest) -> Preference:
    """The viewer's own, or the defaults (not saved) where there is none."""
    user = request.user
    if not user.is_authenticated:
        return Preference()
    try:
        return user.preference  # comes with the person (`mentions.people.current`)
    except Preference.DoesNotExist:
        return Preference(user_id=user.pk)


def zone_of(preference: Preference) -> tzinfo | None:
    """None for the desk's own zone, also where a saved name is no longer known."""
    try:
        return zoneinfo.ZoneInfo(preference.time_zone) if preference.time_zone else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
