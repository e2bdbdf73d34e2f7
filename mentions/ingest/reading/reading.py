"""Turns inbox rows into mentions, from the parser's result, the connection, and the channels that saw each one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Adapter, Author, Capability, Config, Grouping, Mention
from channels.db.payloads import storable_id
from channels.errors import ChannelError, Malformed
from channels.inbox import leases
from channels.inbox.leases import Row
from channels.inbox.storing_once import THREAD
from channels.models import Channel, IgnoreRule
from channels.parsing import reader
from channels.parsing.reader import Budget
from channels.parsing.work import Reading
from channels.queries.ignoring import Exclusion, Guard, guard_of
from channels.queries.routing import channels_for
from channels.registry.configs import address_of, source_of
from mentions.people.authors import plain
from mentions.tickets.thread_keys import asker_of, keys_of

logger = logging.getLogger(__name__)

Now = Callable[[Mention, datetime], datetime]


@dataclass(frozen=True, slots=True)
class ConnectionContext:
    """A connection as ingest sees it."""

    connection_id: int
    adapter: Adapter
    config: Config
    namespace: str
    channels: tuple[Channel, ...]
    """Active ones, best rank first."""
    edits: bool
    """A second item with the same id is an edit. Without this, ids and senders are only the sender's claim."""
    threads: bool
    """Whole threads can be read, so conversations with open tickets are followed."""
    grouping: Grouping
    guard: Guard | None = None
    """Its channels' queries and the ignore rules; None if nothing can be stopped."""


@dataclass(slots=True)
class Parsed:
    """A mention to be placed, with everything known from the item alone."""

    row: Row
    mention: Mention
    feed: ConnectionContext
    at: datetime
    """When it enters the desk."""
    digest: bytes
    external_id: str
    thread_id: str
    parent_id: str
    author: Author
    """Its `id` is never empty: each unknown author is a separate one."""
    posted_at: datetime
    keys: list[str]
    channels: list[Channel]
    """Channels that take it; if none does, those that saw it."""
    stop: Exclusion | None = None
    """The reason to keep it out, unless it belongs to a known conversation."""
    is_own: bool = False

    @property
    def is_context(self) -> bool:
        return self.row.role == THREAD

    @property
    def asker(self) -> Author:
        requester = self.mention.requester
        return requester if requester and requester.id else self.author


@dataclass(slots=True)
class Read:
    """The contents of a batch of inbox rows."""

    parsed: list[Parsed]
    ignored: list[int]
    failed: dict[int, str]


@dataclass(slots=True)
class Outcome:
    """Parser results by row id, for the rows that there was time for."""

    readings: dict[int, Reading]
    feeds: Feeds


PATIENCE_S = 2.0
"""How long a batch waits for items that kill their parser before it stores what it has."""
RENEW_S = 5.0
FRESH_S = 5.0
_loaded: dict[int, tuple[float, ConnectionContext]] = {}


class Feeds:
    """The connections of one batch, each loaded once; shared by batches in quick succession.

    Changes by an admin apply at once in this process (`forget_feeds`), elsewhere after `FRESH_S` seconds.
    """

    def __init__(self) -> None:
        self._feeds: dict[int, ConnectionContext] = {}

    def of(self, connection_id: int) -> ConnectionContext:
        if connection_id not in self._feeds:
            self._feeds[connection_id] = self._fresh(connection_id)
        return self._feeds[connection_id]

    def _fresh(self, connection_id: int) -> ConnectionContext:
        now = time.monotonic()
        loaded = _loaded.get(connection_id)
        if loaded is None or now - loaded[0] > FRESH_S:
            loaded = _loaded[connection_id] = (now, load_feed(connection_id))
        return loaded[1]


def forget_feeds(**kwargs: object) -> None:
    """Drop all cached connections, since a connection, a channel or an ignore rule was saved or deleted."""
    _loaded.clear()


def load_feed(connection_id: int) -> ConnectionContext:
    source = source_of(connection_id)
    channels = [channel for channel in source.connection.channels.all() if channel.is_active]
    rules = IgnoreRule.objects.filter(is_active=True).order_by("pk")
    return ConnectionContext(
        connection_id,
        source.adapter,
        source.config,
        source.adapter.namespace(source.config),
        tuple(sorted(channels, key=lambda channel: (channel.rank, channel.pk))),
        source.adapter.can(Capability.EDITS),
        source.adapter.can(Capability.FETCH_THREAD),
        source.adapter.grouping,
        guard_of(channels, rules),
    )


def read(rows: Sequence[Row], budget: Budget) -> Outcome:
    """Read each row, outside any transaction: a row may use its whole budget and kill the process that reads it. An
    unreadable row gets an error text; no row raises. Raises ParserUnavailable.

    When slow rows use up a batch's time, the rest is left for the next batch.
    """
    outcome = Outcome({}, Feeds())
    ready = [row for row in rows if _is_ready(row, outcome)]
    last = renewed = time.monotonic()
    spent_s = 0.0
    with closing(reader.read([_ask(row, outcome.feeds.of(row.connection_id)) for row in ready], budget)) as readings:
        for row, reading in zip(ready, readings, strict=False):
            outcome.readings[row.id] = reading
            if reading.is_bug:
                logger.error("Inbox item %s could not be read: %s", row.id, reading.error)
            now = time.monotonic()
            spent_s, last = spent_s + (now - last) * reading.is_lost, now
            if spent_s > PATIENCE_S:
                break
            if now - renewed > RENEW_S:
                leases.renew(rows)
                renewed = now
    return outcome


def _is_ready(row: Row, outcome: Outcome) -> bool:
    """Whether the row's connection is usable; if not, records that as the row's error."""
    try:
        outcome.feeds.of(row.connection_id)
    except (ChannelError, LookupError, ValueError) as error:
        outcome.readings[row.id] = Reading(error=str(error) or type(error).__name__)
        return False
    return True


def _ask(row: Row, feed: ConnectionContext) -> reader.Ask:
    judged = feed.guard.texts if feed.guard and row.role != THREAD else ()
    return reader.Ask(feed.adapter, feed.config, row.external_id, row.payload, row.raw, judged)


def sorted_out(rows: Iterable[Row], outcome: Outcome, now: Now) -> Read:
    """Sort rows into mentions, items without one, and unreadable items. Called again for each attempt to store them."""
    result = Read([], [], {})
    for row in rows:
        reading = outcome.readings[row.id]
        if reading.error:
            result.failed[row.id] = reading.error
            continue
        try:
            parsed = parsed_of(row, reading, outcome.feeds.of(row.connection_id), now)
        except Malformed as error:
            result.failed[row.id] = str(error)
        except Exception as error:  # an unexpected shape; the other rows continue
            logger.exception("Inbox item %s could not be read.", row.id)
            result.failed[row.id] = f"{type(error).__name__}: {error}"
        else:
            if parsed is None:
                result.ignored.append(row.id)
            else:
                result.parsed.append(parsed)
    return result


def parsed_of(row: Row, reading: Reading, feed: ConnectionContext, now: Now) -> Parsed | None:
    """The row's mention, ready to be placed; None when the item holds none. Raises Malformed."""
    mention = reading.mention
    if mention is None:
        return None
    external_id = storable_id(mention.external_id)
    thread_id = storable_id(mention.thread_id)
    author = mention.author
    if not author.id:
        author = Author(f"unknown:{external_id}"[:500], author.handle, author.name, author.url)
    channels, stop = _channels(feed, mention, row.role), None
    if feed.guard and row.role != THREAD and not mention.is_own and not mention.bounced_id:
        channels, stop = feed.guard.judge(reading.matches, channels, row.exempt)
    return Parsed(
        row,
        mention,
        feed,
        now(mention, row.fetched_at),
        reading.digest,
        external_id,
        thread_id,
        storable_id(mention.parent_id) if mention.parent_id else "",
        author,
        mention.posted_at or row.fetched_at,
        keys_of(
            feed.grouping,
            external_id=external_id,
            thread_id=thread_id,
            asker_id=asker_of(mention, author.id),
            thread_keys=mention.thread_keys,
        ),
        channels,
        stop,
    )


def _channels(feed: ConnectionContext, mention: Mention, role: str) -> list[Channel]:
    """The channels that saw the mention, best rank first. Only mentions are routed; context belongs to its ticket's
    channel."""
    if not feed.channels:
        raise Malformed("This connection has no active channel; add one, then replay the item.")
    if role == THREAD:
        return [feed.channels[0]]
    if mention.is_own:
        names = {plain(name) for name in (mention.author.handle, mention.author.id) if name}
        if own_channels := [channel for channel in feed.channels if channel.address and address_of(channel) in names]:
            return own_channels
    return list(channels_for(feed.channels, mention))
