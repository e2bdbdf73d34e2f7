"""Gives an unreadable item a ticket in the queue, which becomes the real one once the item can be read.

The ticket holds one message with what is known: a stand-in (`Message.is_unreadable`), tied to the inbox item. It is
claimed, parked, counted and solved like any other. When a replay or a new version makes the item readable, the real
message replaces the stand-in; if it belongs elsewhere or is no mention, the ticket ends and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from channels.inbox import leases, peeking
from channels.inbox.leases import Row
from channels.inbox.storing_once import THREAD
from channels.models import Channel
from mentions.clocks import clocks
from mentions.ingest.reading import building
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, MessageState, TicketState
from mentions.models import Author, Event, EventKind, Message, Sighting, Ticket
from mentions.queue import claims
from mentions.text.storable_text import storable

OVER = (Ticket.Status.CLOSED,)


class StandIn(NamedTuple):
    message_id: int
    ticket_id: int
    is_alone: bool
    """The ticket has no readable message: it exists for this item only."""


def stand_ins(item_ids: Iterable[int]) -> dict[int, StandIn]:
    """Inbox item → its stand-in, in tickets still in use."""
    ids = list(item_ids)
    if not ids:
        return {}
    found = Message.objects.filter(item_id__in=ids, is_unreadable=True, ticket__isnull=False)
    found = found.exclude(ticket__status__in=OVER).order_by("pk")
    real = Message.objects.filter(ticket=OuterRef("ticket"), is_unreadable=False)
    rows = found.annotate(alone=~Exists(real)).values_list("item_id", "pk", "ticket_id", "alone")
    return {item: StandIn(*rest) for item, *rest in rows if item is not None}


# --- unreadable items -----------------------------------------------------------------------------------------------


def open_tickets(rows: Sequence[Row], reasons: Mapping[int, str], at: datetime) -> list[int]:
    """Open a ticket for each unreadable item (`reasons`: by item); return the new ids. Runs in the caller's
    transaction. Context around a ticket gets none: its connection lists it."""
    rows = [row for row in rows if row.role != THREAD]
    if not rows:
        return []
    existing = stand_ins(row.id for row in rows)
    read_before = _known_tickets(rows)
    channels: dict[int, Channel | None] = {}
    opened = []
    for row in rows:
        if row.id in existing:
            _still_unreadable(existing[row.id], reasons[row.id], at)
        elif row.id in read_before:
            _record(read_before[row.id], at, EventKind.UNREADABLE, {"version": True, "reason": reasons[row.id]})
        else:
            if row.connection_id not in channels:
                channels[row.connection_id] = place_for(row.connection_id)
            if (channel := channels[row.connection_id]) is not None:
                opened.append(_open(row, channel, reasons[row.id], at))
    clocks.recompute(opened)
    return opened


def place_for(connection_id: int) -> Channel | None:
    """The channel for an unreadable item of this connection. The item may be restricted, so a channel limited to
    certain roles is preferred. None if no channel of the connection makes tickets."""
    found = Channel.objects.filter(connection_id=connection_id, to_queue=True)
    return min(
        found,
        key=lambda c: (not c.is_active, not c.visible_to, not c.is_default, c.rank, c.pk),
        default=None,
    )


def _known_tickets(rows: Sequence[Row]) -> dict[int, int]:
    """Inbox item → the ticket that holds an older, readable version of it."""
    items = [row.id for row in rows]
    found = Message.objects.filter(item_id__in=items, is_unreadable=False, ticket__isnull=False)
    return {item: ticket for item, ticket in found.values_list("item_id", "ticket_id") if item is not None}


def _still_unreadable(stand_in: StandIn, reason: str, at: datetime) -> None:
    Message.objects.filter(pk=stand_in.message_id).update(text=storable(reason))
    _record(stand_in.ticket_id, at, EventKind.UNREADABLE, {"again": True, "reason": reason})


def _open(row: Row, channel: Channel, reason: str, at: datetime) -> int:
    glimpse = peeking.peek(row.payload, row.raw)
    posted_at = min(glimpse.posted_at or row.fetched_at, row.fetched_at)
    namespace = f"unreadable:{row.connection_id}"
    external_id = f"{row.id}:{row.revision}:{at.timestamp():.6f}"
    author = Author.objects.create(
        namespace=namespace, external_id=external_id, name=storable(glimpse.sender or _("Unknown sender"), 300)
    )
    ticket = Ticket.objects.create(
        channel=channel,
        requester=author,
        subject=subject_of(glimpse.subject),
        priority=channel.priority,
        posted_at=posted_at,
        created_at=at,
        queued_at=posted_at,
        last_message_at=posted_at,
    )
    message = Message.objects.create(
        ticket=ticket,
        channel=channel,
        namespace=namespace,
        external_id=external_id,
        thread_id=external_id,
        author=author,
        subject=storable(glimpse.subject, building.MAX_SUBJECT),
        text=storable(reason),
        url=glimpse.url,
        posted_at=posted_at,
        ingested_at=at,
        digest=blake2b(external_id.encode(), digest_size=16).digest(),
        version_at=row.fetched_at,
        item_id=row.id,
        is_unreadable=True,
    )
    Sighting.objects.create(message=message, channel=channel, at=at)
    _record(ticket.pk, at, EventKind.CREATED, {})
    _record(ticket.pk, at, EventKind.UNREADABLE, {"reason": reason})
    return ticket.pk


def subject_of(subject: str) -> str:
    name = _("Could not be read")
    return storable(f"{name}: {subject}" if subject else name, 500)


# --- readable after all ---------------------------------------------------------------------------------------------


def adopt(batch: IngestBatch, message: MessageState, parsed: Parsed, channel: Channel) -> TicketState | None:
    """Replace the stand-in for this message and return its ticket; None if there is none. What people did to the ticket
    is kept, merges included."""
    found = batch.unreadable.pop(parsed.row.id, None)
    if found is None:
        return None
    ticket, is_alone = found
    is_alone = is_alone and ticket not in batch.adopted.values()
    batch.adopted[parsed.row.id] = ticket
    ticket.needs_clocks = True
    ticket.events.append((parsed.at, EventKind.READABLE, {"message": message}))
    return _turn_into_real_ticket(batch, ticket, message, parsed, channel) if is_alone else ticket


def _turn_into_real_ticket(
    batch: IngestBatch, ticket: TicketState, message: MessageState, parsed: Parsed, channel: Channel
) -> TicketState:
    row = message.row
    real = building.ticket_for(message, channel, batch.authors[parsed.feed.namespace, parsed.asker.id][0], parsed.at)
    ticket.requester_id, ticket.subject, ticket.language = real.requester_id, real.subject, real.language
    ticket.channel_id, ticket.channel_rank, ticket.posted_at = real.channel_id, real.channel_rank, real.posted_at
    ticket.channel_minutes, ticket.skips_weekends = real.channel_minutes, real.skips_weekends
    ticket.counts_coverage = real.counts_coverage
    ticket.last_inbound_at = None
    if not ticket.is_touched:
        ticket.priority = real.priority
        if row["is_auto"] and ticket.status in ("new", "open"):
            ticket.status, ticket.no_reply_reason, ticket.solved_at = "solved", "automatic", parsed.at
    ticket.is_changed = True
    return ticket


def settle(batch: IngestBatch, parsed: Sequence[Parsed], by_item: Mapping[int, StandIn], at: datetime) -> None:
    """After the batch is written, remove stand-ins and end tickets that lost their message to another."""
    for each in parsed:
        if each.row.id not in by_item:
            continue
        message_id, ticket_id, is_alone = by_item[each.row.id]
        message = batch.messages.get((each.feed.namespace, each.external_id))
        if each.row.id in batch.adopted:
            _drop_stand_in(message_id, batch.adopted[each.row.id])
        elif not is_alone:
            _drop_stand_in(message_id, batch.tickets[ticket_id])
        elif message is not None and message.ticket is not None:
            _join(ticket_id, message.ticket.id, at)
        elif each.row.id not in batch.stopped:  # `close_tickets` closes those, with items that hold no mention
            _close(ticket_id, at, _why_not(each))


def close_tickets(rows: Sequence[Row], at: datetime) -> None:
    """Close the tickets of items that turned out to hold no mention, or one that a query or a rule keeps out."""
    for stand_in in sorted(stand_ins(row.id for row in rows).values()):
        if stand_in.is_alone:
            _close(stand_in.ticket_id, at, _("It can be read now, but is not a mention."))
        else:
            Message.objects.filter(pk=stand_in.message_id).delete()
            clocks.recompute([stand_in.ticket_id])


def _why_not(parsed: Parsed) -> str:
    if parsed.is_own:
        return _("It can be read now, and is one of our own messages.")
    return _("It can be read now, but does not create a ticket.")


def _drop_stand_in(message_id: int, ticket: TicketState) -> None:
    """Delete the stand-in, and its author if nothing else is theirs. The ticket's clocks restart from the real
    message."""
    author_id = Message.objects.values_list("author_id", flat=True).get(pk=message_id)
    Message.objects.filter(pk=message_id).delete()
    if not (Ticket.objects.filter(requester=author_id) | Ticket.objects.filter(messages__author=author_id)).exists():
        Author.objects.filter(pk=author_id).delete()
    if ticket.follow_up_of_id is not None:
        Ticket.objects.filter(pk=ticket.id).update(follow_up_of=ticket.follow_up_of_id)
    clocks.recompute([ticket.id])


def _join(ticket_id: int, target_id: int, at: datetime) -> None:
    """End the stand-in's ticket in favour of the one that the conversation already has."""
    ticket = Ticket.objects.get(pk=ticket_id)
    _end(ticket, at, merged_into_id=target_id)
    _record(ticket_id, at, EventKind.READABLE, {"to": target_id})
    _record(target_id, at, EventKind.READABLE, {"from": ticket_id})


def _close(ticket_id: int, at: datetime, reason: str) -> None:
    ticket = Ticket.objects.get(pk=ticket_id)
    _end(ticket, at)
    _record(ticket_id, at, EventKind.READABLE, {"why": reason})


def _end(ticket: Ticket, at: datetime, **changes: Any) -> None:
    for name, value in {"status": Ticket.Status.CLOSED, "waiting_on": "", "wait_note": "", **changes}.items():
        setattr(ticket, name, value)
    ticket.wake_at = ticket.due_at = None
    ticket.solved_at = ticket.solved_at or at
    ticket.no_reply_reason = ticket.no_reply_reason or Ticket.NoReply.OTHER
    claims.clear_claim(ticket)
    ticket.save()


def _record(ticket_id: int, at: datetime, kind: EventKind, data: dict[str, Any]) -> None:
    Event.objects.create(ticket_id=ticket_id, at=at, kind=kind, data=data)


def acknowledge_solved(at: datetime) -> int:
    """Acknowledge items whose ticket is solved, which ends their alarm; return how many."""
    waiting = list(leases.unreadable().values_list("pk", flat=True)[:1000])
    done = Message.objects.filter(item_id__in=waiting, is_unreadable=True, ticket__status__in=("solved", "closed"))
    return leases.acknowledge([item for item in done.values_list("item_id", flat=True) if item is not None], at)
