"""The note at the top of every page: urgent tickets that nobody has taken, and those that the reader has."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from channels.audience import seen_by
from team.models import UrgentCall

MOST = 5
NAMED = (
    *("asked_at", "why", "taken_by", "ticket__subject", "ticket__channel__name"),
    *("ticket__channel__connection__platform", "ticket__requester__name", "ticket__requester__handle"),
    "ticket__requester__external_id",
)
"""What the note says; a whole ticket and its channel are two hundred columns, and this is on every page."""


def shown_to(user: Any) -> list[UrgentCall]:
    """Oldest first; one statement."""
    wanted = Q(state=UrgentCall.State.OPEN) | Q(state=UrgentCall.State.TAKEN, taken_by=user.pk)
    related = ("ticket__channel__connection", "ticket__requester")
    shown = seen_by(user, UrgentCall).filter(wanted).select_related(*related).only(*NAMED)
    return list(shown.order_by("asked_at")[:MOST])
