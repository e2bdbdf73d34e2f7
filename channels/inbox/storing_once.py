"""Stores fetched items once, before processing, whatever fetches them again: polls that overlap, a webhook delivered
twice, a followed thread.

Pollers, refetches and webhooks call `store_page`; `channels.inbox.leases` hands items to ingest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from channels.contract import NO_MENTION, Capability, Item, Json, Page
from channels.db.payloads import canonical_digest, storable_id, to_json
from channels.dispatch import items_after_commit
from channels.inbox import fingerprinting, tombstones
from channels.inbox.imports import Import
from channels.models import Connection, InboundItem
from channels.registry.configs import ConnectionSource, source_of

MENTION = InboundItem.Role.MENTION
THREAD = InboundItem.Role.THREAD

_STORE = """
INSERT INTO channels_inbounditem AS stored
    (connection_id, external_id, role, payload, raw, digest, state, error, ignored_why, batch_id, attempts, revision,
     fetched_at)
SELECT %(connection)s, n.external_id, %(role)s, n.payload::jsonb, n.raw, n.digest, 'pending', '', '', %(batch)s, 0, 1,
       %(at)s
FROM unnest(%(ids)s::text[], %(payloads)s::text[], %(raws)s::bytea[], %(digests)s::bytea[])
    AS n (external_id, payload, raw, digest)
ORDER BY n.external_id
ON CONFLICT (connection_id, external_id) DO UPDATE SET
    payload = CASE WHEN {newer} OR {emptied} OR {lowered} THEN excluded.payload ELSE stored.payload END,
    raw = CASE WHEN {newer} OR {emptied} OR {lowered} THEN excluded.raw ELSE stored.raw END,
    digest = CASE WHEN {newer} THEN excluded.digest ELSE stored.digest END,
    fetched_at = CASE WHEN {newer} THEN excluded.fetched_at ELSE stored.fetched_at END,
    revision = stored.revision + CASE WHEN {newer} THEN 1 ELSE 0 END,
    role = CASE WHEN {raised} OR {lowered} THEN excluded.role ELSE stored.role END,
    state = CASE WHEN {undone} THEN stored.state ELSE 'pending' END,
    ignored_why = CASE WHEN {judged} THEN '' ELSE stored.ignored_why END,
    ignored_by_id = CASE WHEN {judged} THEN NULL ELSE stored.ignored_by_id END,
    error = '', attempts = 0, lease_token = NULL, lease_until = NULL, acknowledged_at = NULL
WHERE {newer} OR {raised} OR {lowered}
RETURNING stored.id, stored.xmax = 0, stored.state = 'pending'
""".format(
    # The last line: an email that could be fetched after all, and replaces the placeholder with the fetch error.
    newer="""(%(edits)s AND stored.digest <> excluded.digest AND excluded.fetched_at >= stored.fetched_at
        OR stored.raw IS NULL AND excluded.raw IS NOT NULL AND stored.state IN ('failed', 'pending'))""",
    # Its raw form was removed, and is needed again.
    emptied="(stored.payload IS NULL AND stored.raw IS NULL)",
    raised="(stored.role = 'thread' AND excluded.role = 'mention')",
    # Stopped as a mention, or not one by itself, but part of a followed thread: stored as context.
    lowered="""(stored.role = 'mention' AND excluded.role = 'thread' AND stored.state = 'ignored'
        AND stored.ignored_why <> 'undone')""",
    # An undone import stays undone when its items are fetched again; the newest version is stored.
    undone="(stored.state = 'ignored' AND stored.ignored_why = 'undone')",
    # Evaluated again. An item that an admin let pass (pending, with the reason still set) keeps its exemption.
    judged="(stored.state = 'ignored' AND stored.ignored_why <> 'undone')",
)
# The items that `_STORE` would write in any case, and those that it would write if they have been edited, so a page of
# known items costs this one read and no transaction. LIMIT forces an index lookup per id: planned with statistics a few
# minutes old, the query would read everything that the connection has stored since.
_NEEDED = """
SELECT place, is_new, is_needed, is_unreadable, digest FROM (
    SELECT n.place, stored.id IS NULL AS is_new,
        stored.id IS NULL
        OR (n.is_whole AND stored.raw IS NULL AND stored.state IN ('failed', 'pending'))
        OR (stored.role = 'thread' AND %(role)s = 'mention')
        OR (stored.role = 'mention' AND %(role)s = 'thread' AND stored.state = 'ignored'
            AND stored.ignored_why <> 'undone') AS is_needed,
        stored.state = 'failed' AS is_unreadable,
        CASE WHEN %(edits)s AND (%(at)s >= stored.fetched_at OR stored.role = 'thread' AND %(role)s = 'mention')
            THEN stored.digest END AS digest
    FROM unnest(%(ids)s::text[], %(whole)s::boolean[]) WITH ORDINALITY AS n (external_id, is_whole, place)
    LEFT JOIN LATERAL (
        SELECT id, raw, state, role, ignored_why, fetched_at, digest FROM channels_inbounditem
         WHERE connection_id = %(connection)s AND external_id = n.external_id LIMIT 1
    ) stored ON true
) found WHERE is_needed OR digest IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """An item to be stored. `digest`: of all its bytes while nobody has parsed it, then its fingerprint."""

    external_id: str
    item: Item
    digest: bytes
    is_new: bool


class _Stored(NamedTuple):
    """What the inbox knows of a fetched item. `digest`: what is stored, if an edit of it counts."""

    is_new: bool
    is_needed: bool
    is_unreadable: bool
    digest: bytes | None


def store_page(
    connection_id: int,
    page: Page,
    *,
    fetched_at: datetime,
    role: str = MENTION,
    lease_token: UUID | None = None,
    source: ConnectionSource | None = None,
    batch: Import | None = None,
) -> list[int]:
    """Store a page's items and its cursor in one transaction; returns the ids that are now pending (new or edited).

    `fetched_at`: when the request began (aware UTC). The cursor moves only with items of role MENTION, and only if the
    connection's lease matches `lease_token` (None: nobody holds a lease): a poller that lost its lease still stores its
    items, but doesn't move its successor's cursor. Pass `source` to save two queries. `batch`: the import for new
    items; created with the first of them.
    """
    source = source or source_of(connection_id)
    edits = source.adapter.can(Capability.EDITS)
    # Parsing may be slow, so it happens outside the transaction.
    changed = _not_erased(_changed(source, _once(page.items, keep_last=edits), role, fetched_at), source)
    moves_cursor = role == MENTION and page.cursor is not None and page.cursor != source.connection.cursor
    if not changed and not moves_cursor:
        return []
    with transaction.atomic():
        batch_id = batch.begun() if batch is not None and any(f.is_new for f in changed) else None
        rows = _write(connection_id, changed, role, fetched_at, edits, batch_id) if changed else []
        pending = [pk for pk, _, is_pending in rows if is_pending]
        if role == MENTION and any(new for _, new, _ in rows):
            Connection.objects.filter(pk=connection_id).update(last_item_at=fetched_at)
        if moves_cursor:
            _advance(source.connection, page.cursor, lease_token)
        items_after_commit(connection_id, pending)
    return pending


def nudge_pending(limit: int = 1000) -> int:
    """Resend `items_stored` for pending items (a lost signal, a killed worker); returns how many items."""
    waiting = InboundItem.objects.filter(state=InboundItem.State.PENDING).order_by("connection_id", "pk")
    found = list(waiting.values_list("connection_id", "pk")[:limit])
    for connection_id in {connection_id for connection_id, _ in found}:
        items_after_commit(connection_id, [pk for owner, pk in found if owner == connection_id])
    return len(found)


def _once(items: Sequence[Item], *, keep_last: bool) -> dict[str, Item]:
    """Each id once: the page's last version if the platform has edits, else the first (a sender can forge an id)."""
    chosen: dict[str, Item] = {}
    for item in items:
        external_id = storable_id(item.external_id)
        if keep_last or external_id not in chosen:
            chosen[external_id] = item
    return chosen


def _changed(source: ConnectionSource, items: dict[str, Item], role: str, fetched_at: datetime) -> list[_Fetched]:
    """The items that need a write. Takes no lock: the write statement checks again.

    A new item isn't parsed here: ingest will, once, and then replaces the digest of its bytes by its fingerprint. A
    known one without a mention (a near-match of a search) replaces no version that may hold one, such as the same post
    in a followed thread.
    """
    if not items:
        return []
    fetched = list(items.items())
    needed = _needed(source, fetched, role, fetched_at)
    comparable = [(index, stored.digest) for index, stored in needed.items() if stored.digest is not None]
    compared = [(fetched[index][1], digest) for index, digest in comparable]
    digests = fingerprinting.digests(source.adapter, source.config, compared)
    current = {index: digest for (index, _), digest in zip(comparable, digests, strict=True)}
    return [
        _Fetched(external_id, item, current.get(index) or canonical_digest(item.payload, item.raw), stored.is_new)
        for index, stored in needed.items()
        for external_id, item in [fetched[index]]
        if (stored.is_needed or current[index] != stored.digest)
        and (stored.is_unreadable or current.get(index) != NO_MENTION)
    ]


def _needed(
    source: ConnectionSource, fetched: Sequence[tuple[str, Item]], role: str, fetched_at: datetime
) -> dict[int, _Stored]:
    """What the inbox knows of each fetched item that may need a write, by its index in `fetched`."""
    with database.cursor() as cursor:
        cursor.execute(
            _NEEDED,
            {
                "connection": source.connection.pk,
                "role": role,
                "at": fetched_at,
                "edits": source.adapter.can(Capability.EDITS),
                "ids": [external_id for external_id, _ in fetched],
                "whole": [item.raw is not None for _, item in fetched],
            },
        )
        rows = sorted(cursor.fetchall())
    return {
        position - 1: _Stored(is_new, is_needed, bool(is_unreadable), None if digest is None else bytes(digest))
        for position, is_new, is_needed, is_unreadable, digest in rows
    }


def _not_erased(fetched: list[_Fetched], source: ConnectionSource) -> list[_Fetched]:
    """The fetched items without erased ones, which are never stored again."""
    if not fetched:
        return []
    remaining = tombstones.without_buried(source.adapter.namespace(source.config), {f.external_id: f for f in fetched})
    return list(remaining.values())


def _write(
    connection_id: int, items: list[_Fetched], role: str, fetched_at: datetime, edits: bool, batch_id: int | None
) -> list[tuple[int, bool, bool]]:
    """Write the items; returns (id, is new, is pending) of each row written. Writes in id order, so two pollers can't
    deadlock."""
    with database.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "connection": connection_id,
                "role": role,
                "at": fetched_at,
                "edits": edits,
                "batch": batch_id,
                "ids": [f.external_id for f in items],
                "payloads": [None if f.item.payload is None else to_json(f.item.payload) for f in items],
                "raws": [f.item.raw for f in items],
                "digests": [f.digest for f in items],
            },
        )
        return [(pk, new, pending) for pk, new, pending in cursor.fetchall()]


def _advance(connection: Connection, cursor: Json, lease_token: UUID | None) -> None:
    """Move the cursor if the lease still matches, and update the given instance."""
    if Connection.objects.filter(pk=connection.pk, lease_token=lease_token).update(cursor=cursor):
        connection.cursor = cursor
