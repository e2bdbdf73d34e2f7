"""Undoes an import: the batch from a bad poll or query leaves the desk, and can be let in again.

Only untouched tickets go. One that somebody claimed, answered, noted or was assigned, or that holds a message from
elsewhere, stays. The items stay in the inbox, marked, and are not read again automatically.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels.inbox import imports as inbox_imports
from channels.models import Batch, InboundItem
from channels.registry.configs import source_of
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform
from mentions.db import locks
from mentions.models import (
    Attachment,
    AudienceLimit,
    Event,
    EventKind,
    Message,
    MessageAlias,
    MessageRevision,
    Note,
    Notice,
    Reply,
    Sighting,
    ThreadAlias,
    Ticket,
)

CHUNK = 200
"""Tickets locked and removed at a time."""
BY_ITSELF = (
    EventKind.CREATED,
    EventKind.EDITED,
    EventKind.RESTORED,
    EventKind.DELETED,
    EventKind.STATUS,
    EventKind.WOKEN,
    EventKind.BOUNCED,
    EventKind.UNREADABLE,
    EventKind.READABLE,
)
"""Event kinds that the desk adds automatically; any other kind, or any event with an actor, means a person touched the
ticket."""

REASONS: dict[str, str | Promise] = {
    "claimed": _("somebody has claimed it"),
    "reply": _("it was answered"),
    "note": _("it has a note"),
    "assigned": _("it is assigned to somebody"),
    "elsewhere": _("it has messages from outside this import"),
    "linked": _("something else in the desk links to it"),
    "worked": _("somebody has worked on it"),
}
"""Reasons a ticket stays."""


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What undoing a batch would do now."""

    untouched: list[int]
    """Ids of tickets that would be removed."""
    kept: list[tuple[int, str]]
    """(ticket, reason from REASONS)"""
    waiting: int
    """Items not read yet, or unreadable."""


@dataclass(frozen=True, slots=True)
class Undone:
    tickets: int
    items: int


def plan(batch_id: int) -> UndoPlan:
    found = _tickets_of([batch_id])
    waiting = InboundItem.objects.filter(batch=batch_id, state__in=("pending", "failed")).count()
    return UndoPlan(
        [ticket_id for _batch, ticket_id, why in found if not why],
        [(ticket_id, why) for _batch, ticket_id, why in found if why],
        waiting,
    )


def counts(batch_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Batch → (tickets, untouched tickets)."""
    found: dict[int, tuple[int, int]] = {}
    for batch_id, _ticket, why in _tickets_of(batch_ids):
        tickets, untouched = found.get(batch_id, (0, 0))
        found[batch_id] = (tickets + 1, untouched + (not why))
    return found


def undo(batch_id: int, actor: Any, now: datetime) -> Undone:
    """Remove untouched tickets, in short transactions; if interrupted, run it again to finish. Raises
    Batch.DoesNotExist."""
    items = _close(batch_id, actor, now)
    tickets = 0
    todo = plan(batch_id).untouched
    for start in range(0, len(todo), CHUNK):
        taken, freed = _take_back(batch_id, todo[start : start + CHUNK], now)
        tickets, items = tickets + taken, items + freed
    items += _take_back_loose(batch_id, now) + _mark_the_rest(batch_id, now)
    return Undone(tickets, items)


def redo(batch_id: int) -> int:
    """Let undone items in again if their raw form is still stored; return how many. Raises Batch.DoesNotExist."""
    return inbox_imports.let_in_again(batch_id)


# --- which tickets -------------------------------------------------------------------------------------------------


_TICKETS = """
WITH made AS (
    SELECT DISTINCT i.batch_id, i.connection_id, m.ticket_id FROM channels_inbounditem i
      JOIN mentions_message m ON m.item_id = i.id
     WHERE i.batch_id = ANY(%(batches)s) AND {which}
)
SELECT made.batch_id, t.id, CASE
    WHEN t.claim_token IS NOT NULL THEN 'claimed'
    WHEN EXISTS (SELECT FROM mentions_reply r WHERE r.ticket_id = t.id) THEN 'reply'
    WHEN EXISTS (SELECT FROM mentions_note n WHERE n.ticket_id = t.id) THEN 'note'
    WHEN t.assignee_id IS NOT NULL THEN 'assigned'
    WHEN EXISTS (SELECT FROM mentions_message m LEFT JOIN channels_inbounditem i ON i.id = m.item_id
                  WHERE m.ticket_id = t.id AND i.batch_id IS DISTINCT FROM made.batch_id)
      OR EXISTS (SELECT FROM mentions_message m JOIN mentions_sighting s ON s.message_id = m.id
                   JOIN channels_channel c ON c.id = s.channel_id
                  WHERE m.ticket_id = t.id AND c.connection_id <> made.connection_id)
      THEN 'elsewhere'
    WHEN t.merged_into_id IS NOT NULL OR t.follow_up_of_id IS NOT NULL OR {linked} THEN 'linked'
    WHEN EXISTS (SELECT FROM mentions_event e WHERE e.ticket_id = t.id
                  AND (e.actor_id IS NOT NULL OR e.kind <> ALL(%(by_itself)s))) THEN 'worked'
    ELSE '' END
  FROM made JOIN mentions_ticket t ON t.id = made.ticket_id
 ORDER BY made.batch_id, t.id
"""
_GOES_WITH_TICKET: tuple[type[Model], ...] = (Message, ThreadAlias, Event, Reply, Note, AudienceLimit)
_GOES_WITH_MESSAGE: tuple[type[Model], ...] = (MessageAlias, MessageRevision, Sighting, Attachment, Notice, Ticket)


def _tickets_of(batch_ids: Sequence[int], ids: Sequence[int] | None = None) -> list[tuple[int, int, str]]:
    """(batch, ticket, reason to keep it or "") for all tickets with a message from these batches, or for those in
    `ids`."""
    if not batch_ids:
        return []
    which = "m.ticket_id IS NOT NULL" if ids is None else "m.ticket_id = ANY(%(ids)s)"
    sql = _TICKETS.format(linked=_linked(), which=which)
    params: dict[str, Any] = {"batches": list(batch_ids), "by_itself": list(BY_ITSELF), "ids": ids}
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [(batch_id, ticket_id, why) for batch_id, ticket_id, why in cursor.fetchall()]


@cache
def _linked() -> str:
    """SQL for rows of any other table that refer to the ticket or one of its messages, upper floors included."""
    tests = [
        f"EXISTS (SELECT FROM {table} x WHERE x.{column} = t.id)"
        for table, column in _references(Ticket, _GOES_WITH_TICKET)
    ]
    tests += [
        f"EXISTS (SELECT FROM {table} x JOIN mentions_message m ON m.id = x.{column} WHERE m.ticket_id = t.id)"
        for table, column in _references(Message, _GOES_WITH_MESSAGE)
    ]
    return " OR ".join(tests)


def _references(model: type[Model], without: tuple[type[Model], ...]) -> list[tuple[str, str]]:
    """(table, column) of the foreign keys to `model`. Tags are the ticket's own; an event records who set them."""
    return [
        (str(relation.related_model._meta.db_table), str(relation.field.column))
        for relation in model._meta.related_objects
        if not relation.many_to_many and relation.related_model not in without
    ]


# --- undoing --------------------------------------------------------------------------------------------------------


_WAITING = """
SELECT id FROM channels_inbounditem i
 WHERE batch_id = %(batch)s AND state IN ('pending', 'failed')
   AND NOT EXISTS (SELECT FROM mentions_message m WHERE m.item_id = i.id)
"""
# An item stored with another item's message (an older version of a post), not known under its own id.
_REST = """
SELECT id FROM channels_inbounditem i
 WHERE batch_id = %(batch)s AND state = 'stored' AND role = 'mention'
   AND NOT EXISTS (SELECT FROM mentions_message m WHERE m.item_id = i.id)
   AND NOT EXISTS (SELECT FROM mentions_message m WHERE m.namespace = %(namespace)s AND m.external_id = i.external_id)
   AND NOT EXISTS (SELECT FROM mentions_messagealias a
                    WHERE a.namespace = %(namespace)s AND a.external_id = i.external_id)
   AND NOT EXISTS (SELECT FROM mentions_threadpost p
                    WHERE p.namespace = %(namespace)s AND p.external_id = i.external_id)
"""
_LOCKED = " ORDER BY id FOR UPDATE"


@transaction.atomic
def _close(batch_id: int, actor: Any, now: datetime) -> int:
    """Close the batch to further items, and wait for what a worker is reading now."""
    inbox_imports.close(batch_id, actor, now)
    return inbox_imports.take_out(_item_ids(_WAITING + _LOCKED, batch=batch_id), now)


@transaction.atomic
def _take_back(batch_id: int, ticket_ids: Sequence[int], now: datetime) -> tuple[int, int]:
    """Returns (tickets, items). Items are locked before tickets, as ingest does; a ticket somebody has locked is
    skipped, and each is checked again under our lock."""
    messages = Message.objects.filter(ticket__in=ticket_ids, item_id__isnull=False)
    items = [item for item in messages.values_list("item_id", flat=True) if item is not None]
    list(InboundItem.objects.filter(pk__in=items).order_by("pk").select_for_update().values_list("pk"))
    locks.lock_conversations(tickets=ticket_ids)
    free = Ticket.objects.filter(pk__in=ticket_ids).order_by("pk").select_for_update(skip_locked=True)
    locked = list(free.values_list("pk", flat=True))
    ids = [ticket_id for _batch, ticket_id, why in _tickets_of([batch_id], locked) if not why]
    goes = Message.objects.filter(ticket__in=ids)
    freed = [item for item in goes.values_list("item_id", flat=True) if item is not None]
    goes.delete()
    Ticket.objects.filter(pk__in=ids).delete()
    return len(ids), inbox_imports.take_out(freed, now)


@transaction.atomic
def _take_back_loose(batch_id: int, now: datetime) -> int:
    """Remove mentions on notify-only channels, which have no ticket."""
    mine = Message.objects.filter(ticket=None, direction=Message.Direction.INBOUND)
    ids = InboundItem.objects.filter(batch=batch_id).values("pk")
    connection_id = Batch.objects.values_list("connection_id", flat=True).get(pk=batch_id)
    elsewhere = Sighting.objects.exclude(channel__connection=connection_id).values("message")
    candidates = mine.filter(item_id__in=ids).exclude(pk__in=elsewhere)
    locks.lock_conversations(messages=candidates.values_list("pk", flat=True))
    # Somebody may have made a ticket of one since: then it counts as touched.
    found = dict(candidates.order_by("pk").select_for_update(of=("self",)).values_list("pk", "item_id"))
    Message.objects.filter(pk__in=found).delete()
    return inbox_imports.take_out([item for item in found.values() if item is not None], now)


def _mark_the_rest(batch_id: int, now: datetime) -> int:
    batch = Batch.objects.get(pk=batch_id)
    try:
        source = source_of(batch.connection_id)
    except (UnknownPlatform, InvalidSettings):
        return 0  # without valid settings the ids can't be compared, so these stay unchanged
    namespace = source.adapter.namespace(source.config)
    with transaction.atomic():
        return inbox_imports.take_out(_item_ids(_REST + _LOCKED, batch=batch_id, namespace=namespace), now)


def _item_ids(sql: str, **params: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [pk for (pk,) in cursor.fetchall()]


# --- the imports page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportLine:
    batch: Batch
    items: int
    undone: int
    """Items undone with it."""
    tickets: int
    untouched: int


_ITEMS = """
SELECT batch_id, count(*) FILTER (WHERE ignored_why NOT IN ('query', 'rule')),
       count(*) FILTER (WHERE state = 'ignored' AND ignored_why = 'undone')
  FROM channels_inbounditem WHERE batch_id = ANY(%s) GROUP BY batch_id
"""


def lines(batches: Iterable[Batch]) -> list[ImportLine]:
    """Batches that hold anything. Items kept out by a query or a rule don't count as imported. Two queries besides the
    batches'."""
    found = list(batches)
    if not found:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, [[batch.pk for batch in found]])
        items = {pk: (count, undone) for pk, count, undone in cursor.fetchall()}
    tickets = counts([pk for pk, (count, _undone) in items.items() if count])
    return [ImportLine(b, *items[b.pk], *tickets.get(b.pk, (0, 0))) for b in found if items.get(b.pk, (0, 0))[0]]
