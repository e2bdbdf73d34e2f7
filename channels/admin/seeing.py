"""Audience rules in the admin: being an admin doesn't open channels restricted to other roles."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from channels.audience import seen_by


class SeenOnly:
    """Mixin, listed before the admin class, that limits rows to those the viewer may see. Lists, pages, buttons and
    actions all start from its queryset."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return seen_by(request.user, rows)
