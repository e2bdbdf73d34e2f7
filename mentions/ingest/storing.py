"""Stores a batch that was read: in one transaction, retried after a collision, item by item if the database refuses
one.

Advisory locks hold the conversations; unique keys catch whatever slips past them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, OperationalError, transaction

from channels.clocks import desk_now
from channels.inbox import leases, settling
from channels.inbox.leases import Row
from mentions.handle_rules import wrong_handles
from mentions.ingest import bounces, unreadable
from mentions.ingest.database_errors import described, is_session_gone, is_slow
from mentions.ingest.placing import placing, recognising, reopening
from mentions.ingest.reading.loading import Moved, load, lock, wanted_by
from mentions.ingest.reading.reading import Now, Outcome, Parsed, Read, sorted_out
from mentions.ingest.results import Ingested
from mentions.ingest.writing import following, health, thread_states
from mentions.ingest.writing.writing import write

logger = logging.getLogger(__name__)

ATTEMPTS = 4


def store(rows: list[Row], outcome: Outcome, now: Now | None, result: Ingested) -> None:
    """Store the rows together, retrying if another worker was faster, and finally item by item. Fills `result`."""
    if not rows:
        return
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _store_once(rows, outcome, now, result, singly=attempt == ATTEMPTS)
        except (IntegrityError, OperationalError) as error:
            # Another worker, or the desk, stored the same thing first; the retry sees it. The same goes for a deadlock.
            if attempt == ATTEMPTS or is_session_gone():
                raise
            logger.info("Retrying a batch: %s", str(error).partition("\n")[0])
        else:
            return


def _store_once(rows: list[Row], outcome: Outcome, now: Now | None, result: Ingested, *, singly: bool) -> None:
    at = desk_now()
    written = Ingested()
    with transaction.atomic():
        still_leased = leases.still_ours(rows)
        leased_rows = [row for row in rows if row.id in still_leased]
        read = sorted_out(leased_rows, outcome, now or (lambda mention, fetched_at: at))
        refused: dict[int, str] = {}
        if read.parsed:
            lock(read.parsed)
            refused = _write(read, written, singly)
        if written.stopped:
            read.parsed[:] = [p for p in read.parsed if p.row.id not in written.stopped]
        _note_wrong_handles(read.parsed, at)
        fingerprints = {pk: reading.fingerprint for pk, reading in outcome.readings.items()}
        _settle(leased_rows, read, written, refused, fingerprints, at)
    result.stored = len(read.parsed)
    result.ignored, result.failed = len(read.ignored) + len(written.stopped), len(read.failed)
    result.message_ids, result.ticket_ids, result.stopped = written.message_ids, written.ticket_ids, written.stopped
    result.thread_state_ids = written.thread_state_ids
    health.touch_last_item(read.parsed)


def _note_wrong_handles(parsed: Sequence[Parsed], at: datetime) -> None:
    """Note answers that came from the wrong handle. Most batches have nothing to check."""
    suspects = [p for p in parsed if wrong_handles.may_be_wrong(p.feed.adapter, p.channels, is_ours=p.is_own)]
    if suspects:
        wrong_handles.note([(p.feed.namespace, p.external_id) for p in suspects], at)


def _settle(
    rows: Sequence[Row],
    read: Read,
    written: Ingested,
    refused: Mapping[int, str],
    fingerprints: Mapping[int, bytes],
    at: datetime,
) -> None:
    """Record each item's outcome in the inbox, and bring the tickets of unreadable ones up to date."""
    settling.finish(
        stored=[p.row.id for p in read.parsed],
        ignored=read.ignored,
        stopped=written.stopped,
        failed=read.failed,
        fingerprints=fingerprints,
        now=at,
    )
    for row in rows:
        if row.id in refused:
            leases.give_back([row], counted=True, error=refused[row.id])
    unreadable.open_tickets([row for row in rows if row.id in read.failed], read.failed, at)
    no_mention = {*read.ignored, *written.stopped}
    unreadable.close_tickets([row for row in rows if row.was_unreadable and row.id in no_mention], at)


def _write(read: Read, written: Ingested, singly: bool) -> dict[int, str]:
    """Write the whole batch; if that fails, each item separately, so only the bad one fails. Returns the items the
    database refused for now, and why: they are retried."""
    ordered = sorted(read.parsed, key=_order)
    try:
        with transaction.atomic():
            _write_together(ordered, written)
        return {}
    except (IntegrityError, OperationalError) as error:
        if is_session_gone() or (not singly and not is_slow(error)):
            raise
    except Exception:  # odd data may fail anywhere; writing items one by one shows which it is
        if is_session_gone():
            raise
        logger.warning("A batch was refused; its items are stored one by one.", exc_info=True)
    return _write_one_by_one(ordered, read, written)


def _order(parsed: Parsed) -> tuple[bool, datetime, str]:
    """Mentions before context, questions before answers: most items then find their ticket in one pass."""
    return parsed.is_context, parsed.posted_at, parsed.external_id


def _write_one_by_one(ordered: Sequence[Parsed], read: Read, written: Ingested) -> dict[int, str]:
    stored, refused = [], {}
    for parsed in ordered:
        try:
            with transaction.atomic():
                _write_together([parsed], written)
            stored.append(parsed)
        except OperationalError as error:
            if is_session_gone():
                raise
            refused[parsed.row.id] = described(error)
        except Exception as error:  # the item stays in the inbox as failed, with this error
            if is_session_gone():
                raise
            logger.warning("Inbox item %s could not be stored.", parsed.row.id, exc_info=True)
            read.failed[parsed.row.id] = described(error)
    read.parsed[:] = stored
    return refused


def _write_together(parsed: Sequence[Parsed], written: Ingested) -> None:
    """Runs in the caller's transaction, with the conversations locked."""
    wanted = wanted_by(parsed)
    stand_ins = unreadable.stand_ins(each.row.id for each in parsed if each.row.was_unreadable)
    wanted.tickets |= {stand_in.ticket_id for stand_in in stand_ins.values()}
    batch = load(wanted)
    if unreadable.stand_ins(stand_ins) != stand_ins:
        raise Moved("the stand-in of an unreadable item has moved")
    batch.unreadable = {item: (batch.tickets[found.ticket_id], found.is_alone) for item, found in stand_ins.items()}
    recognising.recognise_authors(batch, parsed)
    recognising.match_replies(batch, parsed)
    bounces.match(batch, parsed)
    for each in parsed:
        placing.place(batch, each)
    states = thread_states.reported_by(parsed)
    thread_states.mark(batch, states)
    at = max(each.at for each in parsed)
    tickets = [*batch.tickets.values(), *batch.new_tickets]
    for ticket in tickets:
        reopening.settle(ticket, at)
    write(batch)
    written.thread_state_ids += thread_states.store(states, at)
    unreadable.settle(batch, parsed, stand_ins, at)
    following.follow(tickets)
    written.message_ids += [message.id for message in (*batch.new_messages, *batch.answers)]
    written.ticket_ids += [ticket.id for ticket in batch.new_tickets]
    written.stopped |= batch.stopped
