"""Audience rules: people who may see a ticket may see that it belongs to an incident, and what its requester was
told."""

from __future__ import annotations

from django.db.models import Q

from channels.audience import Viewer, rule_for, seen_by
from mentions.models import Ticket
from team.models import IncidentMention, IncidentReply


@rule_for(IncidentMention, IncidentReply)
def _with_its_ticket(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket))
