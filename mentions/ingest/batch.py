"""Turns a batch of inbox rows into tickets: the whole batch or item by item, but never part of an item.

    take (short transaction: counted, leased) → read (no transaction, a killable process) → store (one transaction)

Safe to run in several workers at once: inbox rows are leased, and `storing` retries a batch that collides with another.
An item that kills its parser or the worker is retried alone, then marked unreadable, so no batch is retried forever.
"""

from __future__ import annotations

import logging

from django.db import Error as DatabaseProblem
from django.db import transaction

from channels.clocks import desk_now
from channels.inbox import leases, settling
from channels.inbox.leases import Row
from channels.parsing.reader import Budget, first_budget, whole_budget
from mentions.ingest import unreadable
from mentions.ingest.database_errors import described, is_session_gone, is_suspicious
from mentions.ingest.reading.reading import Now, Outcome, read
from mentions.ingest.results import Ingested
from mentions.ingest.storing import store
from mentions.models import Message
from mentions.signals import message_ingested, thread_states_changed

logger = logging.getLogger(__name__)


def ingest_pending(limit: int = 100, connection_id: int | None = None, now: Now | None = None) -> Ingested:
    """Turn up to `limit` pending items into messages and tickets.

    `now=None` uses the clock; a callable `(mention, fetched_at) -> datetime` (aware UTC) replays history. Raises
    OperationalError when the database is down or keeps deadlocking: only attempt counts have changed then. Raises
    ParserUnavailable when nothing can be read at all.
    """
    return _ingest(leases.take_pending(limit, connection_id), first_budget(), now)


def retry_suspect(connection_id: int | None = None, now: Now | None = None) -> Ingested:
    """Retry one item whose first attempt never finished, alone and with the whole budget. The result is empty if there
    is no such item, or if enough of them are already being retried."""
    row = leases.take_suspect(connection_id)
    return _ingest([row] if row else [], whole_budget(), now)


def set_aside(limit: int = 100) -> int:
    """Mark items that killed every worker as unreadable; return how many."""
    rows = leases.take_given_up(limit)
    if not rows:
        return 0
    failed = {row.id: row.error or leases.died_with_it() for row in rows}
    at = desk_now()
    with transaction.atomic():
        still_leased = leases.still_ours(rows)
        settling.finish(failed={pk: words for pk, words in failed.items() if pk in still_leased}, now=at)
        unreadable.open_tickets([row for row in rows if row.id in still_leased], failed, at)
    return len(rows)


def _ingest(rows: list[Row], budget: Budget, now: Now | None) -> Ingested:
    """Read the rows outside any transaction and store them in one. Each row ends up settled or free for its next
    attempt."""
    result = Ingested(taken=len(rows))
    if not rows:
        return result
    try:
        outcome = read(rows, budget)
    except BaseException:  # the worker stops, or no parser starts: no item is to blame
        _release(rows, counted=False)
        raise
    settled = [row for row in rows if _is_settled(row, outcome)]
    try:
        store(settled, outcome, now, result)
    except BaseException as error:
        _release(rows, counted=is_suspicious(error), error=described(error))
        raise
    _release_unsettled([row for row in rows if not _is_settled(row, outcome)], outcome, result)
    _announce(result)
    return result


def _is_settled(row: Row, outcome: Outcome) -> bool:
    """Read, or out of attempts."""
    reading = outcome.readings.get(row.id)
    return reading is not None and not (reading.is_lost and row.attempts < leases.MAX_ATTEMPTS)


def _release_unsettled(rows: list[Row], outcome: Outcome, result: Ingested) -> None:
    """Release rows that weren't settled. Killing a parser counts as an attempt; running out of time doesn't."""
    lost = [row for row in rows if row.id in outcome.readings]
    for row in lost:
        error = outcome.readings[row.id].error
        logger.warning("Inbox item %s (connection %s): %s", row.id, row.connection_id, error)
        leases.give_back([row], counted=True, error=error)
    leases.give_back([row for row in rows if row.id not in outcome.readings], counted=False)
    result.lost, result.left = len(lost), len(rows) - len(lost)


def _release(rows: list[Row], *, counted: bool, error: str = "") -> None:
    """Release the leases now if the database is up. Otherwise they expire, and each item is retried alone."""
    connection = transaction.get_connection()
    if not connection.in_atomic_block and is_session_gone():
        connection.close()
    try:
        leases.give_back(rows, counted=counted, error=error)
    except DatabaseProblem as lost:
        logger.warning("Items could not be given back (%s); their lease ends in %s s.", lost, leases.LEASE_S)


def _announce(done: Ingested) -> None:
    """After commit. If a receiver fails, its sweep finds the same messages."""
    results = []
    if done.message_ids:
        results += message_ingested.send_robust(sender=Message, message_ids=list(done.message_ids))
    if done.thread_state_ids:
        results += thread_states_changed.send_robust(
            sender=Message, state_ids=list(done.thread_state_ids), message_ids=list(done.message_ids)
        )
    for receiver, result in results:
        if isinstance(result, Exception):
            logger.error("%r failed on new messages; its sweep will find them.", receiver, exc_info=result)
