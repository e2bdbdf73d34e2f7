"""What every report counts, wherever it is: the monthly ones, the overview, a release day's."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from channels.registry.internal_channels import internal_channels
from mentions.models import Ticket

NEEDED_REPLY = Q(no_reply_reason="") | Q(no_reply_reason__in=Ticket.HANDED_OVER, first_reply_at__isnull=False)
"""A reply was needed. A ticket handed over to somebody else counts only if the team has answered it."""
ANSWERED = NEEDED_REPLY & Q(first_reply_at__isnull=False)
UNANSWERED = NEEDED_REPLY & Q(first_reply_at__isnull=True)


def from_outside(tickets: QuerySet[Any]) -> QuerySet[Any]:
    """Conversations of people outside: merged ones once, none of an internal channel."""
    return tickets.filter(merged_into__isnull=True).exclude(channel__in=internal_channels())
