"""One batch from inbox rows to tickets, in one transaction: all of it, or each item for itself, but never half of one.

Safe to run in several workers at once: inbox rows are taken with SKIP LOCKED, conversations are held by advisory locks,
unique keys catch what slips through, and a batch that collided with another is simply done again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, OperationalError, transaction

from channels import inbox, outbox
from channels.clocks import desk_now
from channels.ignoring import Stop
from mentions import authors
from mentions.ingest import bounces, finding, following, health, keeping_out, placing, reopening
from mentions.ingest.loading import author_keys_at_hand, load, load_tickets_of_replies, lock, wanted_by
from mentions.ingest.reading import Feeds, Now, Parsed, Read, read
from mentions.ingest.state import Board
from mentions.ingest.writing import write
from mentions.models import Message, Reply
from mentions.signals import message_ingested

logger = logging.getLogger(__name__)

ATTEMPTS = 4


@dataclass(slots=True)
class Ingested:
    """What became of a batch. Ids are of rows that this batch made."""

    taken: int = 0
    stored: int = 0
    ignored: int = 0
    failed: int = 0
    message_ids: list[int] = field(default_factory=list)
    ticket_ids: list[int] = field(default_factory=list)
    stopped: dict[int, Stop] = field(default_factory=dict)
    """Inbox items that a query or an ignore rule kept out."""


def ingest_pending(limit: int = 100, connection_id: int | None = None, now: Now | None = None) -> Ingested:
    """Take up to `limit` pending items and make messages and tickets of them.

    `now=None` means the clock; a callable `(mention, fetched_at) -> datetime` (aware UTC) replays history. Raises
    OperationalError when the database is away or in a deadlock for good: then nothing has changed.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            done = _ingest(limit, connection_id, now, alone=attempt == ATTEMPTS)
        except (IntegrityError, OperationalError) as error:
            # Another worker, or the desk itself, stored the same thing first; the next look sees it. A deadlock too.
            if attempt == ATTEMPTS or not transaction.get_connection().is_usable():
                raise
            logger.info("A batch is done again: %s", str(error).partition("\n")[0])
        else:
            return done
    raise AssertionError("unreachable")


def _ingest(limit: int, connection_id: int | None, now: Now | None, alone: bool) -> Ingested:
    at = desk_now()
    done = Ingested()
    feeds = Feeds()
    with transaction.atomic():
        rows = inbox.take_pending(limit, connection_id)
        if not rows:
            return done
        found = read(rows, now or (lambda mention, fetched_at: at), feeds)
        if found.parsed:
            lock(found.parsed)
            _store_all(found, done, alone)
        if done.stopped:
            found.parsed[:] = [p for p in found.parsed if p.row.id not in done.stopped]
        inbox.finish(
            stored=[p.row.id for p in found.parsed],
            ignored=found.ignored,
            stopped=done.stopped,
            failed=found.failed,
            now=at,
        )
    done.taken, done.stored = len(rows), len(found.parsed)
    done.ignored, done.failed = len(found.ignored) + len(done.stopped), len(found.failed)
    health.saw(found.parsed)
    _tell(done)
    return done


def _store_all(found: Read, done: Ingested, alone: bool) -> None:
    """The whole batch at once; if something in it is refused, each item by itself, so that only that one fails."""
    ordered = sorted(found.parsed, key=_order)
    try:
        with transaction.atomic():
            store(ordered, done)
        return
    except (IntegrityError, OperationalError):
        if not alone:
            raise
    except Exception:  # odd data may trip anything; which item it is, shows when each goes alone
        logger.warning("A batch was refused; its items go one by one.", exc_info=True)
    kept = []
    for parsed in ordered:
        try:
            with transaction.atomic():
                store([parsed], done)
            kept.append(parsed)
        except OperationalError:
            raise
        except Exception as error:  # it stays in the inbox as failed, with these words
            logger.warning("Inbox item %s could not be stored.", parsed.row.id, exc_info=True)
            found.failed[parsed.row.id] = f"{type(error).__name__}: {error}".strip()
    found.parsed[:] = kept


def _order(parsed: Parsed) -> tuple[bool, datetime, str]:
    """Mentions before context, questions before their answers: then most of a batch finds its place at first sight."""
    return parsed.is_context, parsed.posted_at, parsed.external_id


def store(parsed: Sequence[Parsed], done: Ingested) -> None:
    """Inside the caller's transaction, with the conversations locked."""
    board = load(wanted_by(parsed))
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
        posts = [(each.mention.external_id, each.mention.parent_id, each.mention.text) for each in mine]
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
