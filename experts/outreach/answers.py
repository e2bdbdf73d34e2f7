"""Recognises answers to requests when they come in; a sweep finds those whose signal was lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from channels import sweeps
from experts.models import Outreach, PossibleAnswer
from experts.outreach import crediting, verdicts
from experts.recognising import bystanders, matching
from mentions.models import Message

SWEEP_LIMIT = 500


def recognise(message_ids: Iterable[int], now: datetime) -> int:
    """Match messages with requests; returns how many were answered. One transaction each; idempotent."""
    found = matching.candidates().filter(pk__in=list(message_ids)).order_by("posted_at", "pk")
    return sweeps.each("expert answers", found, lambda message: _recognise(message, now))


def _recognise(message: Message, now: datetime) -> bool:
    is_answered = False
    for match in matching.matches(message, now):
        if match.is_sure and match.person is not None:
            is_answered = crediting.answered(match.outreach.pk, message.pk, match.person, now)
        else:
            verdicts.wonder(match, message, now)
    return is_answered


def follow_merges() -> int:
    """Move outreaches of merged tickets to the merge target; returns how many moved."""
    merged = Outreach.objects.filter(ticket__merged_into__isnull=False).select_related("ticket")
    return sweeps.each("requests of merged tickets", merged.order_by("pk")[:SWEEP_LIMIT], _follow_merge)


def _follow_merge(outreach: Outreach) -> int:
    into = outreach.ticket.merged_into_id
    twin = Outreach.objects.filter(ticket=into, expert=outreach.expert_id, topic=outreach.topic_id)
    changes: dict[str, Any] = {"ticket": into}
    if outreach.is_running and twin.filter(state__in=Outreach.RUNNING).exists():
        changes["state"] = Outreach.State.WITHDRAWN  # asked about both tickets: one request goes on
    return Outreach.objects.filter(pk=outreach.pk).update(**changes)


def sweep(now: datetime) -> int:
    """Recognise answers whose signal was lost, and those from unlinked accounts; returns how many ended a request."""
    follow_merges()
    asked = Outreach.objects.filter(matching.answerable(now))
    oldest = asked.order_by("asked_at").first()
    if oldest is None:
        return 0
    bystanders.take_in(now)
    missed = _missed(asked, oldest.asked_at)
    return recognise(missed.order_by("-pk").values_list("pk", flat=True)[:SWEEP_LIMIT], now)


def _missed(asked: QuerySet[Outreach], since: datetime) -> QuerySet[Message]:
    """Messages newer than a request, in its thread, by the team or without a ticket, that no advocate was asked
    about."""
    threads = Message.objects.filter(ticket__outreaches__in=asked).values("thread_id")
    newer = matching.candidates().filter(posted_at__gte=since, thread_id__in=threads)
    may_be = Q(direction=Message.Direction.TEAM) | Q(author__person=None)
    return newer.filter(may_be).exclude(pk__in=PossibleAnswer.objects.values("message"))
