"""Tracks replies, posts, likes and deletions that failed: their author is notified in the desk and in Slack, then the
team if the author has not settled the problem in time.

Problems are recorded in the transaction that finds them (`replies.taking_back`, `replies.deliveries`) and settled in
the one that resolves them, or by a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from channels.models import OutboundItem
from mentions.models import DeliveryProblem, Reply, Ticket
from mentions.people import access

What = DeliveryProblem.What
How = DeliveryProblem.How
Kind = DeliveryProblem.Kind

TEAM_HEARS_AFTER = timedelta(minutes=30)
"""How long a problem is left to its author."""


def note_reply(reply: Reply, what: str, why: str, now: datetime) -> None:
    """For a reply locked by the caller: failed, blocked or uncertain. Recorded once; its kind may change."""
    values = {"what": what, "why": why}
    about = {"user_id": reply.author_id, "ticket_id": reply.ticket_id, "outbound_id": reply.outbound_id, "at": now}
    DeliveryProblem.objects.update_or_create(
        reply=reply, kind=Kind.REPLY, settled_at=None, defaults=values, create_defaults={**values, **about}
    )


def note_item(
    item: OutboundItem, kind: str, now: datetime, *, what: str = What.FAILED, reply: Reply | None = None
) -> None:
    """For a post, a like or a deletion. Its sender is notified: anybody who sees a like or a deletion may request it
    again."""
    values = {"what": what, "why": item.error}
    about = {"user_id": item.sent_as_id, "ticket_id": _ticket_of(item, reply), "reply": reply, "kind": kind, "at": now}
    DeliveryProblem.objects.update_or_create(
        outbound=item, settled_at=None, defaults=values, create_defaults={**values, **about}
    )


def _ticket_of(item: OutboundItem, reply: Reply | None) -> int | None:
    """The item's ticket, after any merges. A like names it in its conversation."""
    if reply is not None:
        return reply.ticket_id
    kind, _colon, number = item.conversation.partition(":")
    if kind != "ticket" or not number.isdecimal():
        return None
    ticket = Ticket.objects.filter(pk=int(number)).first()
    return (ticket.merged_into_id or ticket.pk) if ticket else None


def is_known(outbound_id: int) -> bool:
    """Whether this item has an open problem."""
    return DeliveryProblem.objects.filter(outbound=outbound_id, settled_at=None).exists()


def settle(problems: QuerySet[DeliveryProblem], how: str, now: datetime, by: Any = None) -> int:
    """Settle these problems; return how many were open."""
    return problems.filter(settled_at=None).update(settled_at=now, how=how, settled_by=by)


def settle_reply(reply: Reply, how: str, now: datetime) -> None:
    settle(DeliveryProblem.objects.filter(reply=reply, kind=Kind.REPLY), how, now)


def settle_item(item: OutboundItem, how: str, now: datetime) -> None:
    settle(DeliveryProblem.objects.filter(outbound=item).exclude(kind=Kind.REPLY), how, now)


def answered(reply: Reply, now: datetime) -> None:
    """Another reply arrived in the ticket: settle earlier failed or blocked ones. Uncertain ones stay open: they may
    have been posted as well."""
    before = DeliveryProblem.objects.filter(ticket=reply.ticket_id, kind=Kind.REPLY).exclude(reply=reply)
    settle(before.filter(what__in=(What.FAILED, What.BLOCKED), at__lte=now), How.ANSWERED, now)


def open_for(user: Any, now: datetime) -> QuerySet[DeliveryProblem]:
    """Problems this person should handle, oldest first: their own, and those left open too long by their author, in
    tickets they may see."""
    mine = Q(user=user.pk)
    if user.has_perm(access.PLAY):
        lonely = Q(user=None) | Q(at__lte=now - TEAM_HEARS_AFTER) | Q(user__is_active=False)
        mine |= lonely & Q(ticket__in=access.visible_tickets(user)) | lonely & Q(ticket=None)
    open_ones = access.seen_by(user, DeliveryProblem).filter(mine, settled_at=None)
    return open_ones.select_related("ticket__channel__connection", "reply", "outbound__connection", "user").order_by(
        "at", "pk"
    )


def count_for(user: Any, now: datetime) -> int:
    """For every page's top bar; queries only while any problem is open (`mentions.people.current`)."""
    return open_for(user, now).count() if getattr(user, "are_problems_open", False) else 0


@transaction.atomic
def dismiss(problem_id: int, user: Any, now: datetime) -> bool:
    """Settle a problem by hand; return whether it was open. Raises DeliveryProblem.DoesNotExist if it is not theirs to
    settle."""
    problem = open_for(user, now).filter(pk=problem_id).first()
    if problem is None:
        DeliveryProblem.objects.get(Q(user=user.pk) | Q(settled_by=user.pk), pk=problem_id)
        return False
    return bool(settle(DeliveryProblem.objects.filter(pk=problem.pk), How.DISMISSED, now, user))
