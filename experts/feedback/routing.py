"""Routes a conversation to a topic: posted in its Slack channel at once, and queued for the digest."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from experts.directory import tree
from experts.models import Feedback, Topic
from experts.models.feedback import MAX_SUMMARY
from mentions.models import Ticket
from mentions.notifications import sharing
from mentions.tickets.transitions import OutcomeRefused


def room_of(topic: Topic) -> str:
    """The topic's Slack channel, or its nearest ancestor's; "" if none has one."""
    return tree.channel_of(topic.pk, tree.load())


@transaction.atomic
def route(ticket_id: int, topic: Topic, actor: Any, *, key: UUID, text: str, summary: str, now: datetime) -> Feedback:
    """Post `text` in the topic's Slack channel and queue the conversation for its digest, once per key. Raises
    OutcomeRefused, also if the topic already has this conversation."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if known := Feedback.objects.filter(key=key).first():
        return known
    if earlier := Feedback.objects.filter(topic=topic, ticket=ticket).first():
        words = {"topic": topic, "day": f"{earlier.routed_at:%Y-%m-%d}"}
        raise OutcomeRefused(_("This conversation was routed to %(topic)s on %(day)s.") % words)
    if room := room_of(topic):
        sharing.share(ticket_id, actor, key=key, channel=room, text=text, now=now)
    summary = " ".join(summary.replace("\0", "").split())[:MAX_SUMMARY]
    return Feedback.objects.create(
        key=key, topic=topic, ticket=ticket, summary=summary, routed_by=actor, routed_at=now, state_at=now
    )  # fmt: skip


@transaction.atomic
def take_back(feedback_id: int, now: datetime) -> None:
    """Undo a routing that no digest has listed yet; an unsent Slack post is cancelled. Raises OutcomeRefused."""
    found = Feedback.objects.select_for_update().get(pk=feedback_id)
    if found.digest_id is not None:
        raise OutcomeRefused(_("A digest has already listed it. Set its outcome instead."))
    sharing.take_back(found.ticket_id, found.key, now)
    found.delete()
