"""The desk's lock order, which rules out deadlocks:

    inbox items → conversations (advisory) → tickets by id → rows of a ticket → outbox items

Ingest takes all of them; a verb takes the ones it needs, in this order. Anything that moves messages between tickets
locks their conversations, as ingest does. Optional work inside a transaction (`beside`) fails alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Model, QuerySet
from psycopg2.errorcodes import DEADLOCK_DETECTED, SERIALIZATION_FAILURE

from mentions.models import Ticket

logger = logging.getLogger(__name__)
M = TypeVar("M", bound=Model)
P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 3
MAX_NAMES = 400
"""Maximum advisory locks per transaction: all sessions share one lock table. Conflicts in a conversation too long to
lock completely are caught on write (`mentions.ingest.writing.writing`)."""
_COLLISIONS = (DEADLOCK_DETECTED, SERIALIZATION_FAILURE)

# Taken in one statement and in order to avoid deadlocks; released when the transaction ends.
_LOCK = """
SELECT count(pg_advisory_xact_lock(k)) FROM (
    SELECT DISTINCT hashtextextended(x, 0) AS k FROM unnest(%s::text[]) AS x ORDER BY 1) AS sorted
"""
_NAMES = """
SELECT DISTINCT n.namespace || ' ' || n.name
  FROM mentions_message m
 CROSS JOIN LATERAL (
       SELECT m.namespace, m.thread_id AS name
        UNION ALL
       SELECT m.namespace, m.external_id
        UNION ALL
       SELECT namespace, external_id FROM mentions_messagealias WHERE message_id = m.id) AS n
 WHERE m.ticket_id = ANY(%s) OR m.id = ANY(%s)
"""


def lock_names(names: Iterable[str]) -> None:
    """Lock conversations by name (`namespace id`): transactions that name the same one take turns."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(names)])


def lock_conversations(*, tickets: Iterable[int] = (), messages: Iterable[int] = ()) -> None:
    """Lock the conversations of these tickets and messages under the names ingest uses. Call before locking any row."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [list(tickets), list(messages)])
        names = sorted(name for (name,) in cursor.fetchall())
    lock_names(names[:MAX_NAMES])


def share_ticket(ticket_id: int) -> None:
    """Keep the ticket until the caller's transaction ends. Call before writing a row that refers to it: whoever has
    locked the ticket may be about to write the same row. Raises Ticket.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM mentions_ticket WHERE id = %s FOR KEY SHARE", [ticket_id])
        if cursor.fetchone() is None:
            raise Ticket.DoesNotExist(ticket_id)


def with_ticket(rows: QuerySet[M], pk: int) -> M:
    """Lock a ticket, then a row that belongs to it, until the caller's transaction ends. If a merge moves the row in
    between, the new ticket is locked instead. Raises DoesNotExist."""
    while True:
        ticket_id = rows.values_list("ticket_id", flat=True).get(pk=pk)
        before = transaction.savepoint()
        Ticket.objects.select_for_update().filter(pk=ticket_id).values_list("pk").first()
        row = rows.select_for_update(of=("self",)).get(pk=pk)
        if row.ticket_id == ticket_id:  # type: ignore[attr-defined]
            transaction.savepoint_commit(before)
            return row
        transaction.savepoint_rollback(before)  # the rollback releases the wrong ticket


@contextmanager
def beside(what: str) -> Iterator[None]:
    """Optional work: if the database refuses it, the rest of the transaction still commits."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        logger.warning("%s was left out: %s", what, str(error).partition("\n")[0])


def once_more(verb: Callable[P, R]) -> Callable[P, R]:
    """Run the verb in its own transaction; retry when the database aborts it in favour of another."""

    @wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if attempt == ATTEMPTS or not is_collision(error) or connection.in_atomic_block:
                    raise
                logger.info("Retrying %s: %s", verb.__name__, str(error).partition("\n")[0])
        raise AssertionError("unreachable")

    return wrapped


def is_collision(error: BaseException) -> bool:
    """Whether the database aborted this transaction in favour of another, in which case a retry will succeed."""
    return getattr(error.__cause__, "pgcode", None) in _COLLISIONS
