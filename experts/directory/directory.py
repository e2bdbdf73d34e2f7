"""Looks up desk users in the expert directory."""

from __future__ import annotations

from typing import Any

from experts.models import Expert


def slack_id_of(user: Any) -> str:
    """The user's Slack member id; "" if they aren't an expert or it isn't set."""
    return Expert.objects.filter(person__user=user).values_list("slack_id", flat=True).first() or ""
