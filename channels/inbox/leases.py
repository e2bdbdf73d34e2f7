"""Leases on inbox items during ingest: take, renew, give back, quarantine, replay.

An item is parsed outside any transaction, in a process that can be killed. Taking it is a short transaction that counts
one attempt and sets a lease: nobody else parses it meanwhile, and a worker that dies leaves a trace. The first attempt
takes many items at once; an item whose attempt never finished is retried alone (`take_suspect`), where nobody waits for
it. After `MAX_ATTEMPTS` it counts as unreadable and isn't retried automatically.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection as database
from django.db import transaction
from django.db.models import Case, QuerySet, Value, When
from django.utils.translation import gettext as _

from channels.contract import Item
from channels.db.payloads import from_json
from channels.dispatch import items_after_commit
from channels.errors import fit
from channels.inbox.retention import WITH_RAW
from channels.models import InboundItem
from channels.queries.ignoring import Exclusion

MAX_ATTEMPTS = 2
LEASE_S = 30
"""Seconds after which the items of a silent worker are free again. Renewed while a batch is parsed."""
MAX_BYTES = 16 * 1024 * 1024
"""A batch takes no more items once it exceeds this size: bounds a worker's memory."""
MAX_SUSPECTS = 2
"""How many items that may kill their parser are tried concurrently, across all workers."""
MAX_REPLAYED = 10_000

_COLUMNS = """i.id, i.connection_id, i.external_id, i.role, i.payload::text, i.raw, i.digest, i.fetched_at, i.revision,
    i.ignored_why, i.ignored_by_id, i.attempts, i.unreadable_since IS NOT NULL, i.error"""
# Short payloads are stored uncompressed; the size of a long one is only known after decompression.
_SIZE = """coalesce(octet_length(raw), 0) + CASE WHEN payload IS NULL THEN 0
    WHEN pg_column_size(payload) < 2000 THEN 2000 ELSE octet_length(payload::text) END"""
_FREE = "state = 'pending' AND (lease_until IS NULL OR lease_until <= clock_timestamp())"
_LEASE = "lease_token = %(token)s, lease_until = clock_timestamp() + %(lease)s * interval '1 second'"
# Sent together with a statement as one string: one transaction, one round trip. A lease is lost only if the database
# server crashes, and then nobody has started parsing.
_LOSABLE = "SELECT set_config('synchronous_commit', 'off', true);"
_TAKE = f"""{_LOSABLE}
WITH locked AS MATERIALIZED (
    SELECT id, {_SIZE} AS size FROM channels_inbounditem
     WHERE attempts = 0 AND {_FREE} {{only}}
     ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), chosen AS (
    SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM locked
)
UPDATE channels_inbounditem i SET attempts = 1, {_LEASE}
  FROM chosen WHERE i.id = chosen.id AND chosen.before < %(bytes)s
RETURNING {_COLUMNS}
"""  # noqa: S608  (only constants of ours are filled in)
_TAKE_SUSPECT = f"""{_LOSABLE}
WITH chosen AS MATERIALIZED (
    SELECT id FROM channels_inbounditem
     WHERE attempts BETWEEN 1 AND %(tried)s AND {_FREE} {{only}}
       AND (SELECT count(*) FROM channels_inbounditem s
             WHERE s.state = 'pending' AND s.attempts > 1 AND s.lease_until > clock_timestamp()) < %(most)s
     ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE channels_inbounditem i SET attempts = attempts + 1, {_LEASE}
  FROM chosen WHERE i.id = chosen.id
RETURNING {_COLUMNS}
"""  # noqa: S608
_GIVEN_UP = f"""{_LOSABLE}
UPDATE channels_inbounditem i SET {_LEASE}
 WHERE i.id IN (SELECT id FROM channels_inbounditem WHERE attempts > %(tried)s AND {_FREE}
                 ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Row:
    """A leased item: nobody else parses it while the lease holds."""

    id: int
    connection_id: int
    external_id: str
    role: str
    payload: str | None
    """Stored JSON text: only a parser decodes it."""
    raw: bytes | None
    digest: bytes
    fetched_at: datetime
    revision: int
    attempts: int
    token: UUID
    exempt: Exclusion | None = None
    """The query or rule that an admin let it bypass."""
    was_unreadable: bool = False
    """It has a ticket in the queue as an unreadable item."""
    error: str = ""
    """The last attempt's error, if any."""

    @property
    def item(self) -> Item:
        return Item(self.external_id, None if self.payload is None else from_json(self.payload), self.raw)


def take_pending(limit: int, connection_id: int | None = None) -> list[Row]:
    """Lease pending items without an attempt, oldest first; counts one attempt for each."""
    return _take(_TAKE, connection_id, limit=limit, bytes=MAX_BYTES)


def take_suspect(connection_id: int | None = None) -> Row | None:
    """Lease one item whose first attempt never finished; None if there is none or `MAX_SUSPECTS` are being tried."""
    rows = _take(_TAKE_SUSPECT, connection_id, tried=MAX_ATTEMPTS - 1, most=MAX_SUSPECTS)
    return rows[0] if rows else None


def take_given_up(limit: int = 100) -> list[Row]:
    """Lease items that have used all attempts and killed their parser each time."""
    return _take(_GIVEN_UP, None, tried=MAX_ATTEMPTS - 1, limit=limit)


def _take(sql: str, connection_id: int | None, **params: int) -> list[Row]:
    token = uuid4()
    only = "" if connection_id is None else "AND connection_id = %(connection)s"
    parameters: dict[str, Any] = {"token": token, "lease": LEASE_S, "connection": connection_id, **params}
    with database.cursor() as cursor:
        cursor.execute(sql.format(only=only) if "{only}" in sql else sql, parameters)
        return sorted((_row(values, token) for values in cursor.fetchall()), key=lambda row: row.id)


def still_ours(rows: Sequence[Row]) -> set[int]:
    """Ids of the rows whose lease we still hold, locked until the caller's transaction ends. A newer version, an undone
    import or another worker ends a lease."""
    if not rows:
        return set()
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT i.id FROM channels_inbounditem i JOIN unnest(%s::bigint[], %s::uuid[]) AS n (id, token)"
            " ON i.id = n.id WHERE i.lease_token = n.token AND i.state = 'pending' ORDER BY i.id FOR UPDATE OF i",
            [[row.id for row in rows], [str(row.token) for row in rows]],
        )
        return {pk for (pk,) in cursor.fetchall()}


def renew(rows: Sequence[Row]) -> None:
    """Extend the lease: the batch is still being parsed."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_inbounditem SET lease_until = clock_timestamp() + %s * interval '1 second'"
            " WHERE id = ANY(%s) AND lease_token = ANY(%s::uuid[])",
            [LEASE_S, [row.id for row in rows], [str(token) for token in {row.token for row in rows}]],
        )


def give_back(rows: Sequence[Row], *, counted: bool, error: str = "") -> None:
    """Release the lease for an immediate retry. `counted`: this attempt counts; `error` (in words) is kept in case it
    was the last."""
    if not rows:
        return
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_inbounditem SET lease_token = NULL, lease_until = NULL, error = %s,"
            " attempts = greatest(0, attempts - %s)"
            " WHERE id = ANY(%s) AND lease_token = ANY(%s::uuid[]) AND state = 'pending'",
            [
                fit(error),
                0 if counted else 1,
                [row.id for row in rows],
                [str(token) for token in {row.token for row in rows}],
            ],
        )


def replay(ids: Iterable[int]) -> int:
    """Make unreadable items pending again, after a fix; returns how many. At most `MAX_REPLAYED` at a time, and only
    items that still have their raw form.

    An item that killed its parser is tried alone, once: it is parsed or goes back to quarantine. The others are parsed
    in batches.
    """
    with transaction.atomic():
        failed = InboundItem.objects.filter(pk__in=list(ids)[:MAX_REPLAYED], state=InboundItem.State.FAILED)
        failed = failed.filter(WITH_RAW)
        items = list(failed.select_for_update().order_by("pk").values_list("pk", "connection_id"))
        InboundItem.objects.filter(pk__in=[pk for pk, _ in items]).update(
            state=InboundItem.State.PENDING,
            error="",
            attempts=Case(When(attempts__gte=MAX_ATTEMPTS, then=Value(MAX_ATTEMPTS - 1)), default=Value(0)),
            lease_token=None,
            lease_until=None,
            acknowledged_at=None,
        )
        for connection_id in {connection_id for _, connection_id in items}:
            items_after_commit(connection_id, [pk for pk, owner in items if owner == connection_id])
    return len(items)


def unreadable(connection_id: int | None = None) -> QuerySet[InboundItem]:
    """Unreadable items that nobody has acknowledged, newest first; without bodies."""
    items = InboundItem.objects.filter(state=InboundItem.State.FAILED, acknowledged_at=None)
    if connection_id is not None:
        items = items.filter(connection_id=connection_id)
    return items.defer("payload", "raw").order_by("-pk")


def acknowledge(ids: Iterable[int], now: datetime) -> int:
    """Mark unreadable items as dealt with; they stay and can still be replayed. Returns how many."""
    failed = InboundItem.objects.filter(pk__in=list(ids), state=InboundItem.State.FAILED, acknowledged_at=None)
    return failed.update(acknowledged_at=now)


def died_with_it() -> str:
    return _("Reading it never finished: the worker died each time.")


def _row(values: tuple[Any, ...], token: UUID) -> Row:
    pk, connection_id, external_id, role, payload, raw, digest, fetched_at, revision, exempt_from, rule_id = values[:11]
    attempts, was_unreadable, error = values[11:]
    return Row(
        pk,
        connection_id,
        external_id,
        role,
        payload,
        None if raw is None else bytes(raw),
        bytes(digest),
        fetched_at,
        revision,
        attempts,
        token,
        Exclusion(exempt_from, rule_id) if exempt_from else None,
        was_unreadable,
        error,
    )
