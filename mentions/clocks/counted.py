"""Which tickets reports count: the same in the monthly ones, the overview and a release day's."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from channels.registry.internal_channels import internal_channels
from mentions.models import Ticket

NEEDED_REPLY = Q(no_reply_reason="") | Q(no_reply_reason__in=Ticket.HANDED_OVER, first_reply_at__isnull=False)
"""A reply was needed. A ticket handed over to somebody else counts only if the team has answered it."""
ANSWERED = NEEDED_REPLY & Q(first_reply_at__isnull=False)
UNANSWERED = NEEDED_REPLY & Q(first_reply_at__isnull=True)
NOISE_REASONS = (Ticket.NoReply.AUTOMATIC, Ticket.NoReply.OWN, Ticket.NoReply.SPAM)
NOISE = Q(no_reply_reason__in=NOISE_REASONS)
"""Automatic messages, our own posts and spam: left out of reply times and outcomes unless they are asked for."""


def needed_reply(*, with_noise: bool = False) -> Q:
    """`with_noise`: also the reasons normally left out, if the team has answered."""
    return NEEDED_REPLY | NOISE & Q(first_reply_at__isnull=False) if with_noise else NEEDED_REPLY


def answered(*, with_noise: bool = False) -> Q:
    return needed_reply(with_noise=with_noise) & Q(first_reply_at__isnull=False)


def from_outside(tickets: QuerySet[Any]) -> QuerySet[Any]:
    """Conversations with outside people: merged ones once, none from internal channels."""
    return tickets.filter(merged_into__isnull=True).exclude(channel__in=internal_channels())
