"""Merges tickets that are one conversation, and splits one that is two. Conversation keys are repointed, so later
messages find the right ticket."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from channels.contract import Grouping
from channels.registry.finding_adapters import adapter_for
from mentions.clocks import clocks
from mentions.db import locks
from mentions.models import (
    Application,
    Code,
    DeliveryProblem,
    Disclosure,
    Event,
    EventKind,
    IssueLink,
    Message,
    MessageAlias,
    Note,
    Question,
    Reply,
    SwagSuggestion,
    ThreadAlias,
    Ticket,
)
from mentions.replies import drafts
from mentions.tickets.thread_keys import thread_key


class MergeRefused(Exception):
    """The tickets can't be merged or split as requested; the text says why."""


@locks.once_more
def merge(source_ids: Iterable[int], target_id: int, actor: Any, now: datetime) -> Ticket:
    """Move everything from the sources to the target; they stay as closed tickets that lead there.

    Raises MergeRefused if a source is the target, was merged before, or somebody holds it.
    """
    ids = sorted(set(source_ids) | {target_id})
    locks.lock_conversations(tickets=ids)
    tickets = {t.pk: t for t in Ticket.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    sources = [tickets[pk] for pk in ids if pk != target_id and pk in tickets]
    target = tickets.get(target_id)
    if target is None or not sources:
        raise MergeRefused(_("Choose at least two different tickets."))
    for ticket in (*sources, target):
        _refuse_if_not_free(ticket, actor, now)
    was_queued = any(source.is_queued for source in sources)
    for source in sources:
        _move_all(source, target)
        source.status, source.merged_into, source.waiting_on, source.solved_at = "closed", target, "", now
        source.wait_note, source.wake_at, source.due_at = "", None, None
        source.claimed_by, source.claim_token, source.claim_expires_at = None, None, None
        source.first_reply_at, source.first_reply_message = None, None
        source.save()
        _record(source, actor, now, EventKind.MERGED, {"to": target.pk})
        _record(target, actor, now, EventKind.MERGED, {"from": source.pk})
    if target.status in (Ticket.Status.SOLVED, Ticket.Status.CLOSED) and was_queued:
        Ticket.objects.filter(pk=target.pk).update(status=Ticket.Status.OPEN, solved_at=None)
    clocks.recompute([target.pk])
    return Ticket.objects.get(pk=target.pk)


def _refuse_if_not_free(ticket: Ticket, actor: Any, now: datetime) -> None:
    if ticket.merged_into_id is not None:
        raise MergeRefused(
            _("Ticket #%(id)s was already merged into #%(into)s. Choose that one.")
            % {"id": ticket.pk, "into": ticket.merged_into_id}
        )
    is_claimed = ticket.claim_expires_at is not None and ticket.claim_expires_at > now
    if is_claimed and ticket.claimed_by_id != getattr(actor, "pk", None):
        raise MergeRefused(_("Somebody is working on ticket %(id)s. Ask them first.") % {"id": ticket.pk})


def _move_all(source: Ticket, target: Ticket) -> None:
    for model in (Message, ThreadAlias, Note, Reply, DeliveryProblem, SwagSuggestion):
        model.objects.filter(ticket=source).update(ticket=target)
    linked = IssueLink.objects.filter(ticket=target).values("issue")
    IssueLink.objects.filter(ticket=source).exclude(issue__in=linked).update(ticket=target)
    drawn = Code.objects.filter(ticket=target).values("stock")
    Code.objects.filter(ticket=source).exclude(stock__in=drawn).update(ticket=target)
    if not Application.objects.filter(ticket=target).exists():
        Application.objects.filter(ticket=source).update(ticket=target)
    if not Disclosure.objects.filter(ticket=target).exists():
        Disclosure.objects.filter(ticket=source).update(ticket=target)
    asked = Question.objects.filter(ticket=source)
    if Question.objects.filter(ticket=target, state=Question.State.ASKED).exists():
        # one question goes on; the sweep ends the other one in its thread
        asked = asked.exclude(state=Question.State.ASKED)
    asked.update(ticket=target)
    drafts.move(source.pk, target.pk)
    target.tags.add(*source.tags.all())


@locks.once_more
def split(ticket_id: int, message_ids: Iterable[int], actor: Any, now: datetime) -> Ticket:
    """Move these messages, with their replies, to a new ticket. Raises MergeRefused.

    Where a whole thread is one ticket, the ids of the moved messages lead to the new one. Where thread and author are,
    answers to a moved message follow it by parent, and the rest stays with the old ticket.
    """
    locks.lock_conversations(tickets=[ticket_id])
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    _refuse_if_not_free(ticket, actor, now)
    wanted = set(message_ids)
    moved = list(ticket.messages.filter(pk__in=wanted).select_related("author").order_by("posted_at", "id"))
    first = next((m for m in moved if m.direction == Message.Direction.INBOUND), None)
    if first is None or len(moved) != len(wanted):
        raise MergeRefused(_("Choose messages from this ticket, including at least one to us."))
    if not ticket.messages.filter(direction=Message.Direction.INBOUND).exclude(pk__in=wanted).exists():
        raise MergeRefused(_("At least one message must stay in this ticket."))
    new = Ticket.objects.create(
        channel=ticket.channel,
        requester=first.author,
        subject=(first.subject or first.thread_title or first.text.strip().partition("\n")[0])[:500],
        status=Ticket.Status.OPEN,
        priority=ticket.priority,
        language=first.language or ticket.language,
        posted_at=first.posted_at,
        created_at=now,
        queued_at=first.posted_at,
        last_message_at=first.posted_at,
    )
    # The old ticket's first reply may be among them: its clocks are updated below, in the same transaction.
    Message.objects.filter(pk__in=wanted).update(ticket=new)
    Reply.objects.filter(message__in=wanted).update(ticket=new)
    DeliveryProblem.objects.filter(ticket=ticket, reply__ticket=new).update(ticket=new)
    _repoint(ticket, new, moved)
    _record(new, actor, now, EventKind.SPLIT, {"from": ticket.pk, "messages": sorted(wanted)})
    _record(ticket, actor, now, EventKind.SPLIT, {"to": new.pk, "messages": sorted(wanted)})
    clocks.recompute([ticket.pk, new.pk])
    new.refresh_from_db()
    return new


def _repoint(old: Ticket, new: Ticket, moved: list[Message]) -> None:
    grouping = adapter_for(old.channel.connection.platform).grouping
    if grouping is not Grouping.THREAD:
        return
    stays = set(old.messages.values_list("external_id", flat=True)) | set(
        old.messages.values_list("thread_id", flat=True)
    )
    ids = {m.external_id for m in moved} | set(
        MessageAlias.objects.filter(message__in=moved).values_list("external_id", flat=True)
    )
    for external_id in sorted(ids - stays):
        ThreadAlias.objects.update_or_create(
            namespace=moved[0].namespace, key=thread_key(external_id), defaults={"ticket": new}
        )


def _record(ticket: Ticket, actor: Any, now: datetime, kind: EventKind, data: dict[str, Any]) -> None:
    person: Any = actor if isinstance(actor, Model) else None
    Event.objects.create(ticket=ticket, at=now, actor=person, kind=kind, data=data)
