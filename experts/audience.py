"""Audience rules: people who may see the ticket may see its outreaches and what belongs to them."""

from __future__ import annotations

from django.db.models import Q

from channels.audience import Viewer, rule_for, seen_by, visible_channel_ids
from experts.models import (
    CommunityShare,
    DraftVersion,
    Feedback,
    FeedbackDigest,
    Outreach,
    OutreachText,
    PossibleAnswer,
    ThreadReply,
)
from mentions.models import Ticket


@rule_for(Outreach, CommunityShare, Feedback)
def _with_its_ticket(user: Viewer) -> Q:
    return Q(ticket__in=seen_by(user, Ticket))


@rule_for(PossibleAnswer, ThreadReply, DraftVersion)
def _with_its_outreach(user: Viewer) -> Q:
    return Q(outreach__ticket__in=seen_by(user, Ticket))


@rule_for(FeedbackDigest)
def _posted_without_restricted_tickets(user: Viewer) -> Q:
    """It was posted to a whole channel; access to each of its conversations is checked separately."""
    return Q() if user.has_perm("experts.view_feedback") else Q(pk__in=[])


@rule_for(OutreachText)
def _with_its_channel(user: Viewer) -> Q:
    return Q(channel=None) | Q(channel__in=visible_channel_ids(user))
