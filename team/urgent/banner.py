"""The note at the top of every page: urgent tickets that nobody has taken, and those that the reader has."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from channels.audience import seen_by
from team.models import UrgentCall

MOST = 5


def shown_to(user: Any) -> list[UrgentCall]:
    """Oldest first; one statement."""
    wanted = Q(state=UrgentCall.State.OPEN) | Q(state=UrgentCall.State.TAKEN, taken_by=user.pk)
    related = ("ticket__channel__connection", "ticket__requester", "asked_by", "rule")
    return list(seen_by(user, UrgentCall).filter(wanted).select_related(*related).order_by("asked_at")[:MOST])
