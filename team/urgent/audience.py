"""Audience rules: whoever may see the ticket may see its urgent calls."""

from __future__ import annotations

from django.db.models import Q

from channels.audience import Viewer, rule_for, seen_by
from mentions.models import Ticket
from team.models import UrgentCall, UrgentPerson, UrgentPost


@rule_for(UrgentCall)
def _with_its_ticket(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket))


@rule_for(UrgentPost, UrgentPerson)
def _with_its_call(user: Viewer) -> Q:
    return Q(call__ticket__in=seen_by(user, Ticket))
