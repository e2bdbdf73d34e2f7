"""Who looks, and how they like it: one row of preferences, read once per request."""

from __future__ import annotations

import zoneinfo
from datetime import tzinfo

from django.http import HttpRequest

from mentions.models import Preference


def preference_of(request: HttpRequest) -> Preference:
    """The viewer's own, or the defaults (not saved) where there is none."""
    cached = getattr(request, "_desk_preference", None)
    if cached is None:
        user = request.user
        cached = Preference.objects.filter(user_id=user.pk).first() if user.is_authenticated else None
        cached = cached or Preference(user_id=user.pk)
        request._desk_preference = cached  # type: ignore[attr-defined]
    return cached


def zone_of(preference: Preference) -> tzinfo | None:
    """None for the desk's own zone, also where a saved name is no longer known."""
    try:
        return zoneinfo.ZoneInfo(preference.time_zone) if preference.time_zone else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
