"""Audience rule of outreaches: whoever may see the ticket may see its outreaches."""

from __future__ import annotations

from django.db.models import Q

from channels.audience import Viewer, rule_for, seen_by
from experts.models import Outreach
from mentions.models import Ticket


@rule_for(Outreach)
def _with_its_ticket(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket))
