"""Turns one batch of inbox rows into tickets: the whole batch, or each item separately, never part of one.

    take (short transaction: counted, leased) → read (no transaction, a killable process) → store (one transaction)

Safe to run in several workers at once: inbox rows are leased, advisory locks hold conversations, unique keys catch the
rest, and a batch that collided with another is stored again. An item that kills its parser or the worker is retried
alone, then marked unreadable: no batch is retried forever.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import Error as DatabaseProblem
from django.db import IntegrityError, OperationalError, transaction

from channels.clocks import desk_now
from channels.inbox import leases, settling
from channels.inbox.leases import Row
from channels.outbox import outbox
from channels.parsing.reader import Budget, first_budget, whole_budget
from channels.queries.ignoring import Exclusion
from mentions.handle_rules import wrong_handles
from mentions.ingest import bounces, unreadable
from mentions.ingest.placing import finding_ticket, keeping_out, placing, reopening
from mentions.ingest.reading.loading import Moved, author_keys_at_hand, load, load_tickets_of_replies, lock, wanted_by
from mentions.ingest.reading.reading import Now, Outcome, Parsed, Read, read, sorted_out
from mentions.ingest.reading.state import IngestBatch
from mentions.ingest.writing import following, health, thread_states
from mentions.ingest.writing.writing import write
from mentions.models import Message, Reply
from mentions.people import authors
from mentions.signals import message_ingested, thread_states_changed

logger = logging.getLogger(__name__)

ATTEMPTS = 4
NOBODYS_FAULT = ("57P01", "57P03", "40P01", "40001", "53300")
"""PostgreSQL error codes: shutting down, starting up, deadlock, serialisation, too many connections."""


@dataclass(slots=True)
class Ingested:
    """Result of a batch. Ids are of the rows it created."""

    taken: int = 0
    stored: int = 0
    ignored: int = 0
    failed: int = 0
    lost: int = 0
    """Items that killed their parser; retried alone."""
    left: int = 0
    """Items that this batch had no time for."""
    message_ids: list[int] = field(default_factory=list)
    ticket_ids: list[int] = field(default_factory=list)
    thread_state_ids: list[int] = field(default_factory=list)
    """States of conversations that changed on the platform."""
    stopped: dict[int, Exclusion] = field(default_factory=dict)
    """Inbox items kept out by a query or an ignore rule."""


def ingest_pending(limit: int = 100, connection_id: int | None = None, now: Now | None = None) -> Ingested:
    """Turn up to `limit` pending items into messages and tickets.

    `now=None` uses the clock; a callable `(mention, fetched_at) -> datetime` (aware UTC) replays history. Raises
    OperationalError when the database is away or keeps deadlocking: nothing has changed then except the attempt counts.
    Raises ParserUnavailable when nothing can be read at all.
    """
    return _ingest(leases.take_pending(limit, connection_id), first_budget(), now)


def retry_suspect(connection_id: int | None = None, now: Now | None = None) -> Ingested:
    """Retry one item whose first attempt never finished, alone and with the whole budget. Empty if there is none, or if
    enough of them are being retried."""
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
        ours = leases.still_ours(rows)
        settling.finish(failed={pk: words for pk, words in failed.items() if pk in ours}, now=at)
        unreadable.open_tickets([row for row in rows if row.id in ours], failed, at)
    return len(rows)


def _ingest(rows: list[Row], budget: Budget, now: Now | None) -> Ingested:
    """Read outside any transaction, store in one. Each row ends up settled or free for its next attempt."""
    done = Ingested(taken=len(rows))
    if not rows:
        return done
    try:
        outcome = read(rows, budget)
    except BaseException:  # stopped, or nothing can be read: no item is to blame
        _give_back(rows, counted=False)
        raise
    whole = [row for row in rows if _is_settled(row, outcome)]
    try:
        _store(whole, outcome, now, done)
    except BaseException as error:
        _give_back(rows, counted=_is_suspicious(error), error=_words(error))
        raise
    _give_back_the_rest([row for row in rows if not _is_settled(row, outcome)], outcome, done)
    _tell(done)
    return done


def _is_settled(row: Row, outcome: Outcome) -> bool:
    """Read, or out of attempts."""
    reading = outcome.readings.get(row.id)
    return reading is not None and not (reading.is_lost and row.attempts < leases.MAX_ATTEMPTS)


def _give_back_the_rest(rows: list[Row], outcome: Outcome, done: Ingested) -> None:
    """An item that killed its parser has used an attempt; one there was no time for has not."""
    lost = [row for row in rows if row.id in outcome.readings]
    for row in lost:
        words = outcome.readings[row.id].error
        logger.warning("Inbox item %s (connection %s): %s", row.id, row.connection_id, words)
        leases.give_back([row], counted=True, error=words)
    leases.give_back([row for row in rows if row.id not in outcome.readings], counted=False)
    done.lost, done.left = len(lost), len(rows) - len(lost)


def _store(rows: list[Row], outcome: Outcome, now: Now | None, done: Ingested) -> None:
    """All together; again if another worker was faster; finally item by item."""
    if not rows:
        return
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _store_once(rows, outcome, now, done, singly=attempt == ATTEMPTS)
        except (IntegrityError, OperationalError) as error:
            # Another worker, or the desk, stored the same thing first; the retry sees it. The same goes for a deadlock.
            if attempt == ATTEMPTS or _is_gone():
                raise
            logger.info("A batch is done again: %s", str(error).partition("\n")[0])
        else:
            return


def _store_once(rows: list[Row], outcome: Outcome, now: Now | None, done: Ingested, *, singly: bool) -> None:
    at = desk_now()
    fresh = Ingested()
    with transaction.atomic():
        ours = leases.still_ours(rows)
        kept = [row for row in rows if row.id in ours]
        found = sorted_out(kept, outcome, now or (lambda mention, fetched_at: at))
        again: dict[int, str] = {}
        if found.parsed:
            lock(found.parsed)
            again = _store_all(found, fresh, singly)
        if fresh.stopped:
            found.parsed[:] = [p for p in found.parsed if p.row.id not in fresh.stopped]
        _note_wrong_handles(found.parsed, at)
        settling.finish(
            stored=[p.row.id for p in found.parsed],
            ignored=found.ignored,
            stopped=fresh.stopped,
            failed=found.failed,
            fingerprints={pk: reading.fingerprint for pk, reading in outcome.readings.items()},
            now=at,
        )
        for row in kept:
            if row.id in again:
                leases.give_back([row], counted=True, error=again[row.id])
        unreadable.open_tickets([row for row in kept if row.id in found.failed], found.failed, at)
        nothing = {*found.ignored, *fresh.stopped}
        unreadable.close_tickets([row for row in kept if row.was_unreadable and row.id in nothing], at)
    done.stored = len(found.parsed)
    done.ignored, done.failed = len(found.ignored) + len(fresh.stopped), len(found.failed)
    done.message_ids, done.ticket_ids, done.stopped = fresh.message_ids, fresh.ticket_ids, fresh.stopped
    done.thread_state_ids = fresh.thread_state_ids
    health.touch_last_item(found.parsed)


def _note_wrong_handles(parsed: Sequence[Parsed], at: datetime) -> None:
    """Most batches have nothing to check."""
    suspects = [p for p in parsed if wrong_handles.may_be_wrong(p.feed.adapter, p.channels, is_ours=p.is_own)]
    if suspects:
        wrong_handles.note([(p.feed.namespace, p.external_id) for p in suspects], at)


def _store_all(found: Read, done: Ingested, singly: bool) -> dict[int, str]:
    """Store the whole batch; if that fails, each item separately, so only the bad one fails. Returns the items the
    database refused for now, and why: they are retried."""
    ordered = sorted(found.parsed, key=_order)
    try:
        with transaction.atomic():
            store(ordered, done)
        return {}
    except (IntegrityError, OperationalError) as error:
        if _is_gone() or (not singly and not _is_slow(error)):
            raise
    except Exception:  # odd data may fail anywhere; storing items one by one shows which it is
        if _is_gone():
            raise
        logger.warning("A batch was refused; its items go one by one.", exc_info=True)
    kept, again = [], {}
    for parsed in ordered:
        try:
            with transaction.atomic():
                store([parsed], done)
            kept.append(parsed)
        except OperationalError as error:
            if _is_gone():
                raise
            again[parsed.row.id] = _words(error)
        except Exception as error:  # it stays in the inbox as failed, with this error
            if _is_gone():
                raise
            logger.warning("Inbox item %s could not be stored.", parsed.row.id, exc_info=True)
            found.failed[parsed.row.id] = _words(error)
    found.parsed[:] = kept
    return again


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip()[:2000]


def _is_gone() -> bool:
    """The session has ended: no further statement will run on it."""
    return not transaction.get_connection().is_usable()


def _sqlstate(error: BaseException) -> str:
    return getattr(error.__cause__, "pgcode", None) or getattr(error.__cause__, "sqlstate", None) or ""


def _is_slow(error: BaseException) -> bool:
    """A statement timed out: the same batch would time out again."""
    return _sqlstate(error) == "57014"


def _is_suspicious(error: BaseException) -> bool:
    """Whether an item may be to blame: not for a deadlock, a database shutdown or a worker shutdown."""
    return isinstance(error, Exception) and _sqlstate(error) not in NOBODYS_FAULT


def _give_back(rows: list[Row], *, counted: bool, error: str = "") -> None:
    """At once if the database is up; else when the lease expires, and then each is retried alone."""
    connection = transaction.get_connection()
    if not connection.in_atomic_block and _is_gone():
        connection.close()
    try:
        leases.give_back(rows, counted=counted, error=error)
    except DatabaseProblem as lost:
        logger.warning("Items could not be given back (%s); their lease ends in %s s.", lost, leases.LEASE_S)


def _order(parsed: Parsed) -> tuple[bool, datetime, str]:
    """Mentions before context, questions before answers: most items then find their ticket in one pass."""
    return parsed.is_context, parsed.posted_at, parsed.external_id


def store(parsed: Sequence[Parsed], done: Ingested) -> None:
    """Runs in the caller's transaction, with the conversations locked."""
    wanted = wanted_by(parsed)
    standing = unreadable.stand_ins(each.row.id for each in parsed if each.row.was_unreadable)
    wanted.tickets |= {stand_in.ticket_id for stand_in in standing.values()}
    board = load(wanted)
    if unreadable.stand_ins(standing) != standing:
        raise Moved("what stood for an unreadable item has moved")
    board.unreadable = {item: (board.tickets[found.ticket_id], found.is_alone) for item, found in standing.items()}
    _recognise(board, parsed)
    _match_replies(board, parsed)
    bounces.match(board, parsed)
    for each in parsed:
        placing.place(board, each)
    states = thread_states.told_by(parsed)
    thread_states.mark(board, states)
    at = max(each.at for each in parsed)
    tickets = [*board.tickets.values(), *board.new_tickets]
    for ticket in tickets:
        reopening.settle(ticket, at)
    write(board)
    done.thread_state_ids += thread_states.store(states, at)
    unreadable.settle(board, parsed, standing, at)
    following.follow(tickets)
    done.message_ids += [message.id for message in (*board.new_messages, *board.answers)]
    done.ticket_ids += [ticket.id for ticket in board.new_tickets]
    done.stopped |= board.stopped


def _recognise(board: IngestBatch, parsed: Sequence[Parsed]) -> None:
    """Store the authors and determine which posts are ours.

    Context is read by the hundred, and a query may stop even more: such authors are stored only if they are ours or the
    requester in that thread.
    """
    accounts = authors.Accounts.of({each.feed.namespace for each in parsed})
    at_hand = author_keys_at_hand(board, parsed) if any(each.is_context or each.stop for each in parsed) else set()
    coming = {(each.feed.namespace, each.external_id) for each in parsed if each.stop is None}
    seen = []
    for each in parsed:
        is_passing = each.is_context or (each.stop and not keeping_out.may_be_follow_up(board, each, coming))
        namespace, mention = each.feed.namespace, each.mention
        known = accounts.known_account(namespace, each.author)
        is_proved = mention.is_own or authors.is_proved(each.feed.edits, mention)
        is_own = mention.is_own or (is_proved and authors.is_own_account(each.author, each.feed.config))
        if not is_passing or is_own or known or not at_hand.isdisjoint(finding_ticket.author_keys(each)):
            seen.append(authors.Seen(namespace, each.author, known, is_own, each.at))
        if mention.requester and mention.requester.id:
            whose = accounts.known_account(namespace, mention.requester)
            seen.append(authors.Seen(namespace, mention.requester, whose, False, each.at))
    board.authors = authors.store(seen)
    for each in parsed:
        _, is_us = board.authors.get((each.feed.namespace, each.author.id), (0, False))
        is_proved = each.mention.is_own or (is_us and authors.is_proved(each.feed.edits, each.mention))
        each.is_own = is_proved and each.mention.requester is None


def _match_replies(board: IngestBatch, parsed: Sequence[Parsed]) -> None:
    """Match our own posts to replies sent from the desk: confirm them in the outbox and attach them to the reply's
    ticket."""
    own = [each for each in parsed if each.is_own]
    if not own:
        return
    sent: dict[int, tuple[str, str]] = {}
    for connection_id in sorted({each.feed.connection_id for each in own}):
        mine = [each for each in own if each.feed.connection_id == connection_id]
        posts = [(m.external_id, m.parent_id, m.text, frozenset([m.author.id, m.author.handle or ""]))
                 for each in mine if (m := each.mention)]  # fmt: skip
        settled = outbox.settle_by_own_posts(connection_id, posts)
        for each in mine:
            if outbound_id := settled.get(each.mention.external_id):
                sent[outbound_id] = (each.feed.namespace, each.external_id)
    replies = Reply.objects.filter(outbound_id__in=sent)
    tickets = load_tickets_of_replies(board, replies)
    outbound = replies.filter(pk__in=tickets).values_list("pk", "outbound_id")
    board.replies = {sent[outbound_id]: (pk, tickets[pk]) for pk, outbound_id in outbound}


def _tell(done: Ingested) -> None:
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
