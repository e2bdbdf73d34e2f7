"""Gives a message on a notify-only channel a ticket when somebody wants to work on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Model

from channels.contract import Capability, Grouping
from channels.polling.follow import follow
from channels.registry.finding_adapters import adapter_for
from mentions.clocks import clocks
from mentions.db import locks
from mentions.ingest.writing.following import FOLLOW_DAYS
from mentions.models import Event, EventKind, Message, ThreadAlias, Ticket
from mentions.tickets.thread_keys import keys_of


@locks.once_more
def ensure_ticket(message_id: int, actor: Any, now: datetime) -> Ticket:
    """The ticket of a message: its own, its conversation's, or a new one. Raises Message.DoesNotExist."""
    # Two people who do this at once get the same ticket, and a running ingest of this conversation finishes first.
    locks.lock_conversations(messages=[message_id])
    message = Message.objects.select_related("ticket", "author", "channel__connection").get(pk=message_id)
    if message.ticket is not None:
        return message.ticket
    keys = _keys(message)
    ticket = _ticket_of_conversation(message, keys) or _new_ticket(message, keys, actor, now)
    _attach_with_answers(message, ticket)
    clocks.recompute([ticket.pk])
    ticket.refresh_from_db()
    return ticket


def _ticket_of_conversation(message: Message, keys: list[str]) -> Ticket | None:
    """The conversation's ticket, locked; if a merge moves the keys meanwhile, the merged ticket."""
    while (found := _lead(message, keys)) is not None:
        before = transaction.savepoint()
        ticket: Ticket | None = Ticket.objects.select_for_update().filter(pk=found).first()
        if ticket is not None and _lead(message, keys) == found:
            transaction.savepoint_commit(before)
            return ticket
        transaction.savepoint_rollback(before)
    return None


def _lead(message: Message, keys: list[str]) -> int | None:
    leads = dict(
        ThreadAlias.objects.filter(namespace=message.namespace, key__in=keys)
        .exclude(ticket__status=Ticket.Status.CLOSED)
        .values_list("key", "ticket_id")
    )
    return next((leads[key] for key in keys if key in leads), None)


def _keys(message: Message) -> list[str]:
    grouping = adapter_for(message.channel.connection.platform).grouping
    above = (message.parent_external_id,) if message.parent_external_id else ()
    return keys_of(
        grouping,
        external_id=message.external_id,
        thread_id=message.thread_id,
        asker_id=message.author.external_id,
        thread_keys=above if grouping is Grouping.THREAD else (),
    )


def _new_ticket(message: Message, keys: list[str], actor: Any, now: datetime) -> Ticket:
    words = message.subject or message.thread_title or message.text.strip().partition("\n")[0]
    ticket = Ticket.objects.create(
        channel=message.channel,
        requester=message.author,
        subject=words[:500],
        priority=message.channel.priority,
        language=message.language,
        posted_at=message.posted_at,
        created_at=now,
        queued_at=message.posted_at,
        last_message_at=message.posted_at,
    )
    for key in keys:
        ThreadAlias.objects.update_or_create(namespace=message.namespace, key=key, defaults={"ticket": ticket})
    data = {"by_hand": True, "message": message.pk}
    person: Any = actor if isinstance(actor, Model) else None
    Event.objects.create(ticket=ticket, at=now, actor=person, kind=EventKind.CREATED, data=data)
    _follow(message, now)
    return ticket


def _attach_with_answers(message: Message, ticket: Ticket) -> None:
    """Put the message and our earlier answers to it into the ticket."""
    Message.objects.filter(pk=message.pk, ticket=None).update(ticket=ticket)
    external_ids = {message.external_id, *message.aliases.values_list("external_id", flat=True)}
    orphans = Message.objects.filter(
        namespace=message.namespace, ticket=None, direction=Message.Direction.TEAM, parent_external_id__in=external_ids
    )
    orphans.filter(thread_id=message.thread_id).update(ticket=ticket)


def _follow(message: Message, now: datetime) -> None:
    source = message.channel.connection
    if adapter_for(source.platform).can(Capability.FETCH_THREAD):
        follow(source.pk, message.namespace, message.thread_id, now + timedelta(days=FOLLOW_DAYS), now)


def attach(message_id: int, ticket: Ticket) -> None:
    """Put a message that has no ticket into this one, whose row the caller has locked."""
    Message.objects.filter(pk=message_id, ticket__isnull=True).update(ticket=ticket)
    clocks.recompute([ticket.pk])
