"""Audience rules: whoever may see the ticket may see how it was handed over."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from channels.audience import Viewer, rule_for, seen_by
from mentions.models import Ticket
from mentions.people import access
from team.models import HandOver, HandOverItem


@rule_for(HandOverItem)
def _with_its_ticket(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket))


@rule_for(HandOver)
def _all_its_tickets(user: Viewer) -> Q:
    """The note may be about any of them."""
    if not user.has_perm(access.VIEW):
        return Q(pk__in=[])
    items = HandOverItem.objects.filter(hand_over=OuterRef("pk"))
    return ~Q(Exists(items.exclude(ticket__in=seen_by(user, Ticket))))
