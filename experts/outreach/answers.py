"""Recognises an expert's answer on the platform automatically when it comes in.

As in the handbook: the ticket gets the tag `expert-responded`, a note names who answered, and the ticket is solved,
unless its requester has written again since or an advocate holds a claim on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels import sweeps
from experts.models import Expert, Outreach
from mentions.db import locks
from mentions.ingest.placing.placing_by_hand import attach
from mentions.models import EventKind, Message, Ticket
from mentions.queue import claims
from mentions.tickets.transitions import UNPARKED, handed_over, move, record
from mentions.triage import notes, tagging

RESPONDED_TAG = "expert-responded"
SWEEP_LIMIT = 500


def recognise(message_ids: Iterable[int], now: datetime) -> int:
    """Match messages with running outreaches; returns how many were answers. One transaction each; idempotent."""
    answers = _by_experts().filter(pk__in=list(message_ids)).order_by("posted_at", "pk")
    return sweeps.each("expert answers", answers, lambda message: _recognise(message, now))


def _by_experts() -> QuerySet[Message]:
    return Message.objects.filter(
        direction=Message.Direction.TEAM, is_auto=False, is_deleted=False, author__person__expert__isnull=False
    ).select_related("author__person__expert", "channel")


def _recognise(message: Message, now: datetime) -> bool:
    expert = message.author.person.expert  # type: ignore[union-attr]
    outreach = _outreach_for(message, expert)
    return outreach is not None and _answered(outreach.pk, message, expert, now)


def _outreach_for(message: Message, expert: Expert) -> Outreach | None:
    """The outreach that this message answers. On the same ticket: any running one, preferring the expert's own.
    Elsewhere in the thread (on Hacker News an answer may be next to the question): the only one that asked this
    expert."""
    running = Outreach.objects.filter(state__in=Outreach.RUNNING, asked_at__lte=message.posted_at)
    if message.ticket_id:
        found = list(running.filter(ticket=message.ticket_id).order_by("asked_at"))
        return next((o for o in found if o.expert_id == expert.pk), found[0] if found else None)
    same_thread = Message.objects.filter(
        namespace=message.namespace, thread_id=message.thread_id, ticket__isnull=False
    ).values("ticket")
    asked = list(running.filter(expert=expert, ticket__in=same_thread)[:2])
    return asked[0] if len(asked) == 1 else None


@transaction.atomic
def _answered(outreach_id: int, message: Message, expert: Expert, now: datetime) -> bool:
    locks.hold_conversations(messages=[message.pk])
    outreach = locks.with_ticket(Outreach.objects.select_related("ticket"), outreach_id)
    ticket = outreach.ticket
    if outreach.state not in Outreach.RUNNING:
        return False
    outreach.state, outreach.answer, outreach.answered_by = Outreach.State.ANSWERED, message, expert
    outreach.answered_at = message.posted_at
    outreach.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    if message.ticket_id is None:
        attach(message.pk, ticket)
    tagging.change(ticket, [RESPONDED_TAG], [])
    where = {"who": expert, "channel": message.channel, "url": message.url}
    notes.write(ticket, None, _("%(who)s answered on %(channel)s: %(url)s") % where, now)
    _leave(ticket, outreach, expert, now)
    return True


def _leave(ticket: Ticket, outreach: Outreach, expert: Expert, now: datetime) -> None:
    data = {"outreach": outreach.pk, "who": str(expert), "macro": "Involving Experts::Expert Responded"}
    if claims.is_live(ticket, now) or ticket.status == Ticket.Status.CLOSED or ticket.merged_into_id:
        record(ticket, None, now, EventKind.EXPERT_RESPONDED, data)
    elif _asked_again(ticket, outreach):
        move(ticket, None, now, EventKind.EXPERT_RESPONDED, data=data, keeps_claim=True, **UNPARKED)
    else:
        changes = {"status": Ticket.Status.SOLVED, **handed_over(ticket, Ticket.NoReply.EXPERT_RESPONSE)}
        move(ticket, None, now, EventKind.EXPERT_RESPONDED, data=data, keeps_claim=True, **changes)


def _asked_again(ticket: Ticket, outreach: Outreach) -> bool:
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, is_auto=False, is_deleted=False)
    return inbound.filter(posted_at__gt=outreach.answered_at).exists()


def follow_merges() -> int:
    """Move outreaches of merged tickets to the merge target; returns how many moved."""
    moved = 0
    for outreach in Outreach.objects.filter(ticket__merged_into__isnull=False).select_related("ticket")[:SWEEP_LIMIT]:
        moved += Outreach.objects.filter(pk=outreach.pk).update(ticket=outreach.ticket.merged_into_id)
    return moved


def sweep(now: datetime) -> int:
    """Recognise answers whose signal was lost: experts' messages newer than a running outreach. Returns how many."""
    follow_merges()
    oldest = Outreach.objects.filter(state__in=Outreach.RUNNING).order_by("asked_at").first()
    if oldest is None:
        return 0
    threads = Message.objects.filter(ticket__outreaches__state__in=Outreach.RUNNING).values("thread_id")
    missed = _by_experts().filter(posted_at__gte=oldest.asked_at, thread_id__in=threads)
    return recognise(missed.order_by("-pk").values_list("pk", flat=True)[:SWEEP_LIMIT], now)
