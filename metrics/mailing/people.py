"""Finds who gets the package and the digest, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mentions.models import Preference
from mentions.notifications.reachable import WAYS, why_not
from mentions.people import access


def who_chose(field: str) -> Iterator[tuple[Any, list[str]]]:
    """(user, ways that reach them) for everybody who may read reports and chose it; `field`: `weekly_digest` or
    `monthly_package`."""
    chosen = Preference.objects.filter(user__is_active=True).exclude(**{field: Preference.Ways.NONE})
    for preference in chosen.select_related("user").order_by("pk"):
        user = preference.user
        if may_get(user):
            yield user, [way for way in WAYS[getattr(preference, field)] if not why_not(user, way)]


def may_get(user: Any) -> bool:
    return bool(user.is_active and user.has_perm(access.VIEW_REPORTS) and user.has_perm(access.VIEW))
