"""One batch from inbox rows to tickets: all of it, or each item for itself, but never half of one.

    take (short transaction: counted, leased) → read (no transaction, a process that can be stopped) → store (one)

Safe to run in several workers at once: inbox rows are leased, conversations are held by advisory locks, unique keys
catch what slips through, and what collided with another batch is stored once more. An item that is the end of its
parser, or of the worker, is tried once more alone and then could not be read: no batch is done again for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import Error as DatabaseProblem
from django.db import IntegrityError, OperationalError, transaction

from channels.clocks import desk_now
from channels.inbox import inbox, leases
from channels.inbox.leases import Row
from channels.outbox import outbox
from channels.parsing.reader import Budget, first_budget, whole_budget
from channels.queries.ignoring import Stop
from mentions.ingest import bounces, unreadable
from mentions.ingest.placing import keeping_out, placing, reopening
from mentions.ingest.reading import finding
from mentions.ingest.reading.loading import Moved, author_keys_at_hand, load, load_tickets_of_replies, lock, wanted_by
from mentions.ingest.reading.reading import Now, Outcome, Parsed, Read, read, sorted_out
from mentions.ingest.reading.state import Board
from mentions.ingest.writing import following, health
from mentions.ingest.writing.writing import write
from mentions.models import Message, Reply
from mentions.people import authors
from mentions.signals import message_ingested

logger = logging.getLogger(__name__)

ATTEMPTS = 4
NOBODYS_FAULT = ("57P01", "57P03", "40P01", "40001", "53300")
"""Of PostgreSQL: shut down, starting up, deadlock, serialisation, too many connections."""


@dataclass(slots=True)
class Ingested:
    """What became of a batch. Ids are of rows that this batch made."""

    taken: int = 0
    stored: int = 0
    ignored: int = 0
    failed: int = 0
    lost: int = 0
    """Were the end of their parser, and are tried once more alone."""
    left: int = 0
    """There was no time for them in this batch."""
    message_ids: list[int] = field(default_factory=list)
    ticket_ids: list[int] = field(default_factory=list)
    stopped: dict[int, Stop] = field(default_factory=dict)
    """Inbox items that a query or an ignore rule kept out."""


def ingest_pending(limit: int = 100, connection_id: int | None = None, now: Now | None = None) -> Ingested:
    """Take up to `limit` pending items and make messages and tickets of them.

    `now=None` means the clock; a callable `(mention, fetched_at) -> datetime` (aware UTC) replays history. Raises
    OperationalError when the database is away or in a deadlock for good: then nothing has changed, but that the items
    have been tried. Raises ParserUnavailable when nothing can be read at all.
    """
    return _ingest(leases.take_pending(limit, connection_id), first_budget(), now)


def retry_suspect(connection_id: int | None = None, now: Now | None = None) -> Ingested:
    """One item whose first try had no end, alone and with the whole budget. Nothing taken: there is none, or enough of
    them are being tried."""
    row = leases.take_suspect(connection_id)
    return _ingest([row] if row else [], whole_budget(), now)


def set_aside(limit: int = 100) -> int:
    """Items that were the end of each worker that tried them cannot be read; returns how many."""
    rows = leases.take_given_up(limit)
    if not rows:
        return 0
    failed = {row.id: row.error or leases.died_with_it() for row in rows}
    at = desk_now()
    with transaction.atomic():
        ours = leases.still_ours(rows)
        inbox.finish(failed={pk: words for pk, words in failed.items() if pk in ours}, now=at)
        unreadable.open_tickets([row for row in rows if row.id in ours], failed, at)
    return len(rows)


def _ingest(rows: list[Row], budget: Budget, now: Now | None) -> Ingested:
    """Read outside any transaction, store in one. Whatever happens, each row is settled or free for its next try."""
    done = Ingested(taken=len(rows))
    if not rows:
        return done
    try:
        outcome = read(rows, budget)
    except BaseException:  # told to stop, or nothing can be read: no item is to blame
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
    """Read, or tried often enough."""
    reading = outcome.readings.get(row.id)
    return reading is not None and not (reading.is_lost and row.attempts < leases.MAX_ATTEMPTS)


def _give_back_the_rest(rows: list[Row], outcome: Outcome, done: Ingested) -> None:
    """What ended its parser has had its try; what there was no time for has not."""
    lost = [row for row in rows if row.id in outcome.readings]
    for row in lost:
        words = outcome.readings[row.id].error
        logger.warning("Inbox item %s (connection %s): %s", row.id, row.connection_id, words)
        leases.give_back([row], counted=True, error=words)
    leases.give_back([row for row in rows if row.id not in outcome.readings], counted=False)
    done.lost, done.left = len(lost), len(rows) - len(lost)


def _store(rows: list[Row], outcome: Outcome, now: Now | None, done: Ingested) -> None:
    """Together, again if another worker was faster, and at last each item by itself."""
    if not rows:
        return
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _store_once(rows, outcome, now, done, singly=attempt == ATTEMPTS)
        except (IntegrityError, OperationalError) as error:
            # Another worker, or the desk itself, stored the same thing first; the next look sees it. A deadlock too.
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
        inbox.finish(
            stored=[p.row.id for p in found.parsed],
            ignored=found.ignored,
            stopped=fresh.stopped,
            failed=found.failed,
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
    health.saw(found.parsed)


def _store_all(found: Read, done: Ingested, singly: bool) -> dict[int, str]:
    """The whole batch at once; if something in it is refused, each item by itself, so that only that one fails. Returns
    the items that the database would not have now, and why: they are tried again."""
    ordered = sorted(found.parsed, key=_order)
    try:
        with transaction.atomic():
            store(ordered, done)
        return {}
    except (IntegrityError, OperationalError) as error:
        if _is_gone() or (not singly and not _is_slow(error)):
            raise
    except Exception:  # odd data may trip anything; which item it is, shows when each goes alone
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
        except Exception as error:  # it stays in the inbox as failed, with these words
            if _is_gone():
                raise
            logger.warning("Inbox item %s could not be stored.", parsed.row.id, exc_info=True)
            found.failed[parsed.row.id] = _words(error)
    found.parsed[:] = kept
    return again


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip()[:2000]


def _is_gone() -> bool:
    """The session was ended: no statement of it will do any more."""
    return not transaction.get_connection().is_usable()


def _sqlstate(error: BaseException) -> str:
    return getattr(error.__cause__, "pgcode", None) or getattr(error.__cause__, "sqlstate", None) or ""


def _is_slow(error: BaseException) -> bool:
    """A statement was cancelled for its time: the same batch would be again."""
    return _sqlstate(error) == "57014"


def _is_suspicious(error: BaseException) -> bool:
    """Whether an item may be to blame: not for a deadlock, or a database that is shut down, or a worker that is."""
    return isinstance(error, Exception) and _sqlstate(error) not in NOBODYS_FAULT


def _give_back(rows: list[Row], *, counted: bool, error: str = "") -> None:
    """At once where the database is there; else when the lease runs out, and then each is tried alone."""
    connection = transaction.get_connection()
    if not connection.in_atomic_block and _is_gone():
        connection.close()
    try:
        leases.give_back(rows, counted=counted, error=error)
    except DatabaseProblem as lost:
        logger.warning("Items could not be given back (%s); their lease ends in %s s.", lost, leases.LEASE_S)


def _order(parsed: Parsed) -> tuple[bool, datetime, str]:
    """Mentions before context, questions before their answers: then most of a batch finds its place at first sight."""
    return parsed.is_context, parsed.posted_at, parsed.external_id


def store(parsed: Sequence[Parsed], done: Ingested) -> None:
    """Inside the caller's transaction, with the conversations locked."""
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
    at = max(each.at for each in parsed)
    tickets = [*board.tickets.values(), *board.new_tickets]
    for ticket in tickets:
        reopening.settle(ticket, at)
    write(board)
    unreadable.settle(board, parsed, standing, at)
    following.follow(tickets)
    done.message_ids += [message.id for message in (*board.new_messages, *board.answers)]
    done.ticket_ids += [ticket.id for ticket in board.new_tickets]
    done.stopped |= board.stopped


def _recognise(board: Board, parsed: Sequence[Parsed]) -> None:
    """Store the authors, and know which of the posts are ours.

    Context is read by the hundred, and what a query stops may be more: its authors are stored only if they are ours or
    ask in that thread.
    """
    accounts = authors.Accounts.of({each.feed.namespace for each in parsed})
    at_hand = author_keys_at_hand(board, parsed) if any(each.is_context or each.stop for each in parsed) else set()
    coming = {(each.feed.namespace, each.external_id) for each in parsed if each.stop is None}
    seen = []
    for each in parsed:
        is_passing = each.is_context or (each.stop and not keeping_out.may_be_follow_up(board, each, coming))
        space, mention = each.feed.namespace, each.mention
        known = accounts.whose(space, each.author)
        is_proved = mention.is_own or authors.is_proved(each.feed.edits, mention)
        is_own = mention.is_own or (is_proved and authors.is_own_account(each.author, each.feed.config))
        if not is_passing or is_own or known or not at_hand.isdisjoint(finding.author_keys(each)):
            seen.append(authors.Seen(space, each.author, known, is_own, each.at))
        if mention.requester and mention.requester.id:
            whose = accounts.whose(space, mention.requester)
            seen.append(authors.Seen(space, mention.requester, whose, False, each.at))
    board.authors = authors.store(seen)
    for each in parsed:
        _, is_us = board.authors.get((each.feed.namespace, each.author.id), (0, False))
        is_proved = each.mention.is_own or (is_us and authors.is_proved(each.feed.edits, each.mention))
        each.is_own = is_proved and each.mention.requester is None


def _match_replies(board: Board, parsed: Sequence[Parsed]) -> None:
    """Own posts that the desk sent: the outbox learns that they are there, and they go to the ticket they were for."""
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
    """After commit. A receiver that fails costs nothing: its sweep finds the same messages."""
    if not done.message_ids:
        return
    results = message_ingested.send_robust(sender=Message, message_ids=list(done.message_ids))
    for receiver, result in results:
        if isinstance(result, Exception):
            logger.error("%r failed on new messages; its sweep will find them.", receiver, exc_info=result)
