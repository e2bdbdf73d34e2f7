"""A colleague answers a shared ticket: it reopens for its advocate, with *Expert Responded* ready, and counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from experts.community import taking
from experts.models import CommunityShare
from experts.outreach import crediting
from experts.recognising import matching
from mentions.db import locks
from mentions.ingest.placing.placing_by_hand import attach
from mentions.models import EventKind, Message, Person, Ticket
from mentions.tickets.transitions import move, record
from mentions.triage import notes, tagging

SWEEP_LIMIT = 500
_RELATED = ("ticket__requester", "outbound", "shared_by", "taken_by")


def recognise(message_ids: Iterable[int], now: datetime) -> int:
    """Match messages with running shares; returns how many were answered. Idempotent."""
    team = matching.candidates().filter(pk__in=list(message_ids), direction=Message.Direction.TEAM)
    return sweeps.each("community answers", team.order_by("posted_at", "pk"), lambda m: _recognise(m, now))


def _recognise(message: Message, now: datetime) -> bool:
    person = message.author.person
    if person is None or matching.why_unsure(person) == matching.HANDLE:
        return False
    shared = _share_of(message, person)
    return shared is not None and _answered(shared.pk, message.pk, person, now)


def _share_of(message: Message, person: Person) -> CommunityShare | None:
    """The share that a message answers: that of its ticket, or the only one in the thread that its author took."""
    running = CommunityShare.objects.filter(state__in=CommunityShare.RUNNING, shared_at__lte=message.posted_at)
    if message.ticket_id:
        return running.filter(ticket=message.ticket_id).first()
    thread = Message.objects.filter(namespace=message.namespace, thread_id=message.thread_id, ticket__isnull=False)
    taken = list(running.filter(taken_by=person, ticket__in=thread.values("ticket"))[:2])
    return taken[0] if len(taken) == 1 else None


@transaction.atomic
def _answered(share_id: int, message_id: int, person: Person, now: datetime) -> bool:
    locks.lock_conversations(messages=[message_id])
    shared = locks.with_ticket(CommunityShare.objects.select_related(*_RELATED), share_id)
    message = Message.objects.select_related("channel").defer("search", "html").get(pk=message_id)
    if shared.state not in CommunityShare.RUNNING:
        return False
    shared.state, shared.answer, shared.answered_by = CommunityShare.State.ANSWERED, message, person
    shared.answered_at = message.posted_at
    shared.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    ticket = shared.ticket
    if message.ticket_id is None:
        attach(message.pk, ticket)
    where = {"who": person, "channel": message.channel, "url": message.url}
    notes.write(ticket, None, _("%(who)s answered on %(channel)s: %(url)s") % where, now)
    _leave(ticket, shared, person, now)
    taking.say_thanks(shared, str(person), now)
    return True


def _leave(ticket: Ticket, shared: CommunityShare, person: Person, now: datetime) -> None:
    data: dict[str, Any] = {"share": shared.pk, "who": str(person), "said": "answered"}
    if not shared.reopens:
        tagging.change(ticket, [crediting.RESPONDED_TAG], [])
    is_done = ticket.status in (Ticket.Status.SOLVED, Ticket.Status.PENDING)
    if not shared.reopens or not is_done or ticket.merged_into_id:
        record(ticket, None, now, EventKind.COMMUNITY, data)
        return
    changes: dict[str, Any] = {"status": Ticket.Status.OPEN, "no_reply_reason": ""}
    if shared.shared_by_id:
        changes["assignee_id"] = shared.shared_by_id
    move(ticket, None, now, EventKind.COMMUNITY, data=data, keeps_claim=True, **changes)


def sweep(now: datetime) -> int:
    """Recognise answers whose signal was lost; returns how many."""
    running = CommunityShare.objects.filter(state__in=CommunityShare.RUNNING)
    oldest = running.order_by("shared_at").first()
    if oldest is None:
        return 0
    threads = Message.objects.filter(ticket__community_shares__in=running).values("thread_id")
    missed = Message.objects.filter(
        direction=Message.Direction.TEAM, posted_at__gte=oldest.shared_at, thread_id__in=threads
    )
    return recognise(missed.order_by("-pk").values_list("pk", flat=True)[:SWEEP_LIMIT], now)
