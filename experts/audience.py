"""Audience rules: whoever may see the ticket may see its outreaches and what belongs to them."""

from __future__ import annotations

from django.db.models import Q

from channels.audience import Viewer, rule_for, seen_by
from experts.models import CommunityShare, DraftVersion, Outreach, PossibleAnswer, ThreadReply
from mentions.models import Ticket


@rule_for(Outreach, CommunityShare)
def _with_its_ticket(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket))


@rule_for(PossibleAnswer, ThreadReply, DraftVersion)
def _with_its_outreach(user: Viewer) -> Q:
    return Q(outreach__ticket__in=seen_by(user, Ticket))
