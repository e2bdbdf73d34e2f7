"""Decides what a query or an ignore rule keeps out: only mentions that would start a conversation. A requester with a
ticket always gets through.

Pure. `channels.queries.ignoring` has judged each mention alone (`Parsed.stop`); this decides whether that applies.
"""

from __future__ import annotations

from channels.contract import Grouping
from mentions.ingest.placing import finding_ticket
from mentions.ingest.reading import context_posts
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, Key, MessageState


def stays_out(batch: IngestBatch, parsed: Parsed) -> bool:
    if parsed.stop is None:
        return False
    if (parsed.feed.namespace, parsed.asker.id) not in batch.authors:
        return True
    return finding_ticket.ticket_of_asker(batch, parsed) is None


def keep_out(batch: IngestBatch, parsed: Parsed) -> None:
    """Leave it in the inbox, unless it is already known as context of a ticket."""
    if (parsed.feed.namespace, parsed.external_id) in batch.posts:
        context_posts.store(batch, parsed)
    elif parsed.stop is not None:
        batch.stopped[parsed.row.id] = parsed.stop


def adds_nothing(batch: IngestBatch, message: MessageState, parsed: Parsed) -> bool:
    """Whether a known message was merely seen again, by channels whose query doesn't match it: it stays unchanged."""
    return parsed.stop is not None and (message.ticket is not None or stays_out(batch, parsed))


def may_be_follow_up(batch: IngestBatch, parsed: Parsed, incoming: set[Key]) -> bool:
    """Whether the mention refers to anything we have, or will have after this batch (`incoming`); only then do we need
    its author."""
    namespace = parsed.feed.namespace
    names = {parsed.parent_id, *parsed.mention.thread_keys}
    if parsed.feed.grouping is Grouping.THREAD:
        names |= {parsed.thread_id, parsed.external_id}
    return any((namespace, name) in batch.messages or (namespace, name) in incoming for name in names)
