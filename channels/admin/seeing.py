"""Admins look after the desk; that alone does not let them read what a channel keeps for other roles."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from channels.audience import seen_by


class SeenOnly:
    """Before the admin class in the bases: rows of a model with a rule of audience, only those that the viewer may
    see. Lists, pages, buttons and actions all begin with this queryset."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return seen_by(request.user, rows)
