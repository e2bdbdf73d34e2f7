"""What the directory knows about a user of the desk."""

from __future__ import annotations

from typing import Any

from experts.models import Expert


def slack_id_of(user: Any) -> str:
    """Their Slack member id; "" where they are no expert, or nobody has entered it."""
    return Expert.objects.filter(person__user=user).values_list("slack_id", flat=True).first() or ""
