"""Who hears that a reply, post, like or deletion did not arrive: its author in the desk and in Slack, and the team when
the author has not settled it in time.

Problems are noted in the transaction that finds them (`replies.reply_states`, `replies.deliveries`) and settled in the
one that proves them over, or by a person.
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
"""How long a problem is only its author's."""


def note_reply(reply: Reply, what: str, why: str, now: datetime) -> None:
    """For a reply that the caller has locked: failed, blocked or uncertain. Once; what it is may change."""
    values = {"what": what, "why": why}
    about = {"user_id": reply.author_id, "ticket_id": reply.ticket_id, "outbound_id": reply.outbound_id, "at": now}
    DeliveryProblem.objects.update_or_create(
        reply=reply, kind=Kind.REPLY, settled_at=None, defaults=values, create_defaults={**values, **about}
    )


def note_item(
    item: OutboundItem, kind: str, now: datetime, *, what: str = What.FAILED, reply: Reply | None = None
) -> None:
    """For a post, a like or a deletion. The one who sent it hears of it: a like or a deletion is asked for again by
    whoever sees it."""
    values = {"what": what, "why": item.error}
    about = {"user_id": item.sent_as_id, "ticket_id": _ticket_of(item, reply), "reply": reply, "kind": kind, "at": now}
    DeliveryProblem.objects.update_or_create(
        outbound=item, settled_at=None, defaults=values, create_defaults={**values, **about}
    )


def _ticket_of(item: OutboundItem, reply: Reply | None) -> int | None:
    """A like names its ticket by its conversation; a merge since then is followed."""
    if reply is not None:
        return reply.ticket_id
    kind, _colon, number = item.conversation.partition(":")
    if kind != "ticket" or not number.isdecimal():
        return None
    ticket = Ticket.objects.filter(pk=int(number)).first()
    return (ticket.merged_into_id or ticket.pk) if ticket else None


def is_known(outbound_id: int) -> bool:
    """Whether something is wrong with this item and not settled yet."""
    return DeliveryProblem.objects.filter(outbound=outbound_id, settled_at=None).exists()


def settle(problems: QuerySet[DeliveryProblem], how: str, now: datetime, by: Any = None) -> int:
    """How many were open until now."""
    return problems.filter(settled_at=None).update(settled_at=now, how=how, settled_by=by)


def settle_reply(reply: Reply, how: str, now: datetime) -> None:
    settle(DeliveryProblem.objects.filter(reply=reply, kind=Kind.REPLY), how, now)


def settle_item(item: OutboundItem, how: str, now: datetime) -> None:
    settle(DeliveryProblem.objects.filter(outbound=item).exclude(kind=Kind.REPLY), how, now)


def answered(reply: Reply, now: datetime) -> None:
    """Another reply has arrived in the ticket: what failed or was stopped before it is over. What is uncertain is not:
    it may stand there beside this one."""
    before = DeliveryProblem.objects.filter(ticket=reply.ticket_id, kind=Kind.REPLY).exclude(reply=reply)
    settle(before.filter(what__in=(What.FAILED, What.BLOCKED), at__lte=now), How.ANSWERED, now)


def open_for(user: Any, now: datetime) -> QuerySet[DeliveryProblem]:
    """What this person should see to, oldest first: their own, and what its author has left alone for too long, among
    the tickets that they may see."""
    mine = Q(user=user.pk)
    if user.has_perm(access.PLAY):
        lonely = Q(user=None) | Q(at__lte=now - TEAM_HEARS_AFTER) | Q(user__is_active=False)
        mine |= lonely & Q(ticket__in=access.visible_tickets(user)) | lonely & Q(ticket=None)
    open_ones = access.seen_by(user, DeliveryProblem).filter(mine, settled_at=None)
    return open_ones.select_related("ticket", "reply", "outbound__connection", "user").order_by("at", "pk")


def count_for(user: Any, now: datetime) -> int:
    """For the bar of every page; a statement only while anything is open at all (`mentions.people.current`)."""
    return open_for(user, now).count() if getattr(user, "are_problems_open", False) else 0


@transaction.atomic
def dismiss(problem_id: int, user: Any, now: datetime) -> bool:
    """A person says that it is settled. Whether it was open. Raises DeliveryProblem.DoesNotExist for what is not theirs
    to settle."""
    problem = open_for(user, now).filter(pk=problem_id).first()
    if problem is None:
        DeliveryProblem.objects.get(Q(user=user.pk) | Q(settled_by=user.pk), pk=problem_id)
        return False
    return bool(settle(DeliveryProblem.objects.filter(pk=problem.pk), How.DISMISSED, now, user))
