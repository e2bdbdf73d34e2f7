"""Brings older tickets in line with the current rules. Each change is counted and recorded in the history.

- A bounced reply is not a first reply.
- Waiting tickets are due by the one rule of `mentions.clocks.targets`.
- A ticket solved without an answer gets the reason found in its history, else *other*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from mentions.clocks import clocks
from mentions.models import Event, EventKind, Message, Reply, Ticket
from mentions.tickets.transitions import record

PORTION = 500
REASON_OF_TAG = {
    "community-involvement": Ticket.NoReply.COMMUNITY,
    "expert-response": Ticket.NoReply.EXPERT_RESPONSE,
    "expert-responded": Ticket.NoReply.EXPERT_RESPONSE,
}


@dataclass(slots=True)
class Corrected:
    """Counts; `pending` are tickets with a requester who never got an answer: a person must look at them."""

    bounced: int = 0
    clocks: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    pending: list[int] = field(default_factory=list)


def correct(now: datetime) -> Corrected:
    """Safe to repeat and to interrupt: it works in portions, each a separate transaction."""
    done = Corrected()
    for ids in _portions(_bounced().values_list("ticket_id", flat=True)):
        done.bounced += _mark_bounced(ids)
    for ids in _portions(Ticket.objects.filter(due_at__isnull=False).values_list("pk", flat=True)):
        done.clocks += clocks.recompute(ids)
    for ids in _portions(_without_reason().values_list("pk", flat=True)):
        done.reasons += _give_reasons(ids, now)
    done.pending = list(_unanswered(Ticket.Status.PENDING).order_by("pk").values_list("pk", flat=True))
    return done


def _portions(ids: QuerySet[Ticket, int] | QuerySet[Reply, int]) -> Iterator[list[int]]:
    """Read once, so the changes in one portion don't shift the next."""
    found = sorted(set(ids))
    for start in range(0, len(found), PORTION):
        yield found[start : start + PORTION]


def _bounced() -> QuerySet[Reply]:
    return Reply.objects.filter(state=Reply.State.FAILED, message__is_bounced=False)


@transaction.atomic
def _mark_bounced(ticket_ids: Iterable[int]) -> int:
    replies = _bounced().filter(ticket__in=ticket_ids)
    marked = Message.objects.filter(pk__in=replies.values("message")).update(is_bounced=True)
    clocks.recompute(ticket_ids)
    return marked


def _unanswered(*statuses: str) -> QuerySet[Ticket]:
    on_its_way = Reply.objects.filter(ticket=OuterRef("pk"), state__in=Reply.ON_ITS_WAY)
    waiting = Ticket.objects.waiting_for_a_reply().filter(merged_into__isnull=True, status__in=statuses)
    return waiting.exclude(Exists(on_its_way))


def _without_reason() -> QuerySet[Ticket]:
    return _unanswered(Ticket.Status.SOLVED, Ticket.Status.CLOSED)


@transaction.atomic
def _give_reasons(ids: Iterable[int], now: datetime) -> Counter[str]:
    given: Counter[str] = Counter()
    tickets = list(_without_reason().filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk"))
    for ticket in tickets:
        reason = _reason_of(ticket)
        Ticket.objects.filter(pk=ticket.pk).update(no_reply_reason=reason)
        change = {"from": {"no_reply_reason": ""}, "to": {"no_reply_reason": reason}, "reason": reason}
        record(ticket, None, now, EventKind.CORRECTED, change)
        given[reason] += 1
    clocks.recompute([ticket.pk for ticket in tickets])
    return given


def _reason_of(ticket: Ticket) -> str:
    if Event.objects.filter(ticket=ticket, kind=EventKind.SPAM_REPORTED).exists():
        return Ticket.NoReply.SPAM_REPORTED.value
    tags = set(ticket.tags.values_list("name", flat=True))
    return next((reason.value for tag, reason in REASON_OF_TAG.items() if tag in tags), Ticket.NoReply.OTHER.value)
