"""Inbox items on their way through ingest: taken under a lease, counted before they are read, settled, read again.

An item is read outside any transaction, in a process that can be stopped. So that nobody else reads it meanwhile, and
so that a worker that dies over it has left a trace, taking it is a short transaction of its own: one more attempt, a
lease, and whose. Many items are taken together once; what was tried before and came back without an end is taken alone
(`take_suspect`), where nobody waits for it. After `MAX_ATTEMPTS` it could not be read, and nobody tries by himself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from channels.queries.ignoring import Stop

MAX_ATTEMPTS = 2
LEASE_S = 30
"""So long after a worker's last sign its items are free again. Renewed while a batch is read."""
MAX_BYTES = 16 * 1024 * 1024
"""A batch takes no more items when those before are larger than this, so that a worker stays small."""
MAX_SUSPECTS = 2
"""How many items that may be the end of their parser are tried at the same time, by all workers together."""
MAX_REPLAYED = 10_000

_COLUMNS = """i.id, i.connection_id, i.external_id, i.role, i.payload::text, i.raw, i.digest, i.fetched_at, i.revision,
    i.ignored_why, i.ignored_by_id, i.attempts, i.unreadable_since IS NOT NULL, i.error"""
# Short payloads are stored as they are; the size of a long one is only known once it's unpacked.
_SIZE = """coalesce(octet_length(raw), 0) + CASE WHEN payload IS NULL THEN 0
    WHEN pg_column_size(payload) < 2000 THEN 2000 ELSE octet_length(payload::text) END"""
_FREE = "state = 'pending' AND (lease_until IS NULL OR lease_until <= clock_timestamp())"
_LEASE = "lease_token = %(token)s, lease_until = clock_timestamp() + %(lease)s * interval '1 second'"
_TAKE = f"""
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
_TAKE_SUSPECT = f"""
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
_GIVEN_UP = f"""
UPDATE channels_inbounditem i SET {_LEASE}
 WHERE i.id IN (SELECT id FROM channels_inbounditem WHERE attempts > %(tried)s AND {_FREE}
                 ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Row:
    """An item that was taken: nobody else reads it while the lease holds."""

    id: int
    connection_id: int
    external_id: str
    role: str
    payload: str | None
    """JSON text, as it's stored: only a parser unpacks it."""
    raw: bytes | None
    digest: bytes
    fetched_at: datetime
    revision: int
    attempts: int
    token: UUID
    exempt: Stop | None = None
    """What an admin has let it pass."""
    was_unreadable: bool = False
    """It stands in the queue as something that could not be read."""
    error: str = ""
    """What the last try said, if it said anything."""

    @property
    def item(self) -> Item:
        return Item(self.external_id, None if self.payload is None else from_json(self.payload), self.raw)


def take_pending(limit: int, connection_id: int | None = None) -> list[Row]:
    """Pending items that nobody has tried yet, oldest first; each has one attempt more from now on."""
    return _taken(_TAKE, connection_id, limit=limit, bytes=MAX_BYTES)


def take_suspect(connection_id: int | None = None) -> Row | None:
    """One item whose first try had no end, alone; None when there is none, or enough others are being tried."""
    rows = _taken(_TAKE_SUSPECT, connection_id, tried=MAX_ATTEMPTS - 1, most=MAX_SUSPECTS)
    return rows[0] if rows else None


def take_given_up(limit: int = 100) -> list[Row]:
    """Items that were the end of whoever tried them, as often as anything is tried."""
    return _taken(_GIVEN_UP, None, tried=MAX_ATTEMPTS - 1, limit=limit)


def _taken(sql: str, connection_id: int | None, **params: int) -> list[Row]:
    token = uuid4()
    only = "" if connection_id is None else "AND connection_id = %(connection)s"
    given: dict[str, Any] = {"token": token, "lease": LEASE_S, "connection": connection_id, **params}
    with transaction.atomic(), database.cursor() as cursor:
        # Lost with a crash of the database server only, and then nobody had begun.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        cursor.execute(sql.format(only=only) if "{only}" in sql else sql, given)
        return sorted((_row(values, token) for values in cursor.fetchall()), key=lambda row: row.id)


def still_ours(rows: Sequence[Row]) -> set[int]:
    """Those of the rows whose lease still is ours, locked until the caller's transaction ends. A version that came in
    meanwhile, an import that was undone, or another worker that took over, has ended it."""
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
    """The batch is still being read."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_inbounditem SET lease_until = clock_timestamp() + %s * interval '1 second'"
            " WHERE id = ANY(%s) AND lease_token = ANY(%s::uuid[])",
            [LEASE_S, [row.id for row in rows], [str(token) for token in {row.token for row in rows}]],
        )


def give_back(rows: Sequence[Row], *, counted: bool, error: str = "") -> None:
    """Free for the next try, at once. `counted`: this try was one; `error` in words is kept in case it was the last."""
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


def finish(
    *,
    stored: Sequence[int] = (),
    ignored: Sequence[int] = (),
    stopped: Mapping[int, Stop] | None = None,
    failed: Mapping[int, str] | None = None,
    now: datetime,
) -> None:
    """What became of items taken in the same transaction. One statement for each kind that occurs. `ignored`: no
    mention; `stopped`: kept out by a query or a rule; `failed`: could not be read, and why."""
    items = InboundItem.objects
    if stored:
        items.filter(pk__in=stored).update(state=InboundItem.State.STORED, **_settled(now))
    if ignored:
        items.filter(pk__in=ignored).update(state=InboundItem.State.IGNORED, **_settled(now))
    if stopped:
        _stop(stopped, now)
    if failed:
        _fail(failed, now)


def _settled(now: datetime) -> dict[str, Any]:
    free = {"attempts": 0, "lease_token": None, "lease_until": None, "unreadable_since": None, "acknowledged_at": None}
    return {"parsed_at": now, "error": "", "ignored_why": "", "ignored_by": None, **free}


def replay(ids: Iterable[int]) -> int:
    """What could not be read becomes pending again, after a fix; returns how many. At most `MAX_REPLAYED` at a time,
    and nothing whose raw form is gone.

    An item that was the end of its parser is tried alone, once: it's in quarantine again, or it's read. Others go in
    by the batch.
    """
    with transaction.atomic():
        failed = InboundItem.objects.filter(pk__in=list(ids)[:MAX_REPLAYED], state=InboundItem.State.FAILED)
        failed = failed.filter(WITH_RAW)
        found = list(failed.select_for_update().order_by("pk").values_list("pk", "connection_id"))
        InboundItem.objects.filter(pk__in=[pk for pk, _ in found]).update(
            state=InboundItem.State.PENDING,
            error="",
            attempts=Case(When(attempts__gte=MAX_ATTEMPTS, then=Value(MAX_ATTEMPTS - 1)), default=Value(0)),
            lease_token=None,
            lease_until=None,
            acknowledged_at=None,
        )
        for connection_id in {connection_id for _, connection_id in found}:
            items_after_commit(connection_id, [pk for pk, owner in found if owner == connection_id])
    return len(found)


def unreadable(connection_id: int | None = None) -> QuerySet[InboundItem]:
    """What could not be read and nobody has dealt with, newest first; without bodies."""
    found = InboundItem.objects.filter(state=InboundItem.State.FAILED, acknowledged_at=None)
    if connection_id is not None:
        found = found.filter(connection_id=connection_id)
    return found.defer("payload", "raw").order_by("-pk")


def acknowledge(ids: Iterable[int], now: datetime) -> int:
    """Somebody has dealt with these, although they can't be read; they stay, and can still be replayed."""
    failed = InboundItem.objects.filter(pk__in=list(ids), state=InboundItem.State.FAILED, acknowledged_at=None)
    return failed.update(acknowledged_at=now)


def died_with_it() -> str:
    return _("The process that read it died with it, each time that it was tried.")


def _stop(stopped: Mapping[int, Stop], now: datetime) -> None:
    """A rule that was deleted meanwhile is named no more."""
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_inbounditem SET state = 'ignored', parsed_at = %s, error = '', ignored_why = n.why, "
            "ignored_by_id = (SELECT r.id FROM channels_ignorerule r WHERE r.id = n.rule), attempts = 0, "
            "lease_token = NULL, lease_until = NULL, unreadable_since = NULL, acknowledged_at = NULL "
            "FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS n (id, why, rule) "
            "WHERE channels_inbounditem.id = n.id",
            [now, list(stopped), [str(s.why) for s in stopped.values()], [s.rule_id for s in stopped.values()]],
        )


def _fail(failed: Mapping[int, str], now: datetime) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_inbounditem SET state = 'failed', parsed_at = %s, error = n.error, "
            "lease_token = NULL, lease_until = NULL, unreadable_since = coalesce(unreadable_since, %s), "
            "attempts = greatest(attempts, 1) "
            "FROM unnest(%s::bigint[], %s::text[]) AS n (id, error) WHERE channels_inbounditem.id = n.id",
            [now, now, list(failed), [fit(error) for error in failed.values()]],
        )


def _row(values: tuple[Any, ...], token: UUID) -> Row:
    pk, connection_id, external_id, role, payload, raw, digest, fetched_at, revision, why, rule_id = values[:11]
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
        Stop(why, rule_id) if why else None,
        was_unreadable,
        error,
    )
