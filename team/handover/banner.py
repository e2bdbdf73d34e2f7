"""The note at the top of every page: what was handed to the reader."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from channels.audience import seen_by
from team.handover.work import OPEN
from team.models import HandOverItem

MOST = 5


def waiting_for(user: Any, most: int = MOST) -> list[HandOverItem]:
    """Tickets handed to this person, still open and theirs, that they have not taken note of; one statement."""
    mine = seen_by(user, HandOverItem).filter(to=user.pk, begun_at=None, ticket__status__in=OPEN)
    related = ("hand_over__user", "ticket__requester", "ticket__channel__connection")
    return list(mine.filter(ticket__assignee=F("to")).select_related(*related).order_by("at", "pk")[:most])
