"""Finds a mention's ticket among what the batch has loaded. Pure."""

from __future__ import annotations

from channels.contract import Grouping
from mentions.ingest.reading.loading import parent_author_key
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, TicketState
from mentions.tickets.thread_keys import author_key, thread_key


def ticket_of_asker(batch: IngestBatch, parsed: Parsed) -> TicketState | None:
    """The ticket of the mention's requester in this conversation. For mail, by its keys; otherwise that of the post it
    answers, if the requester is the same, else by thread and author. A closed ticket only if there is no other."""
    namespace = parsed.feed.namespace
    if parsed.feed.grouping is Grouping.THREAD:
        return ticket_of_thread(batch, parsed)
    by_keys = batch.ticket_by_keys(namespace, parsed.keys)
    parent = batch.messages.get((namespace, parsed.parent_id)) if parsed.parent_id else None
    above = parent.ticket if parent else None
    asker_id, _ = batch.authors[namespace, parsed.asker.id]
    if above is not None and above.requester_id == asker_id and (by_keys is None or above.status != "closed"):
        return above
    return by_keys


def ticket_of_thread(batch: IngestBatch, parsed: Parsed) -> TicketState | None:
    """The ticket that the conversation's strongest known id leads to, directly or through a message."""
    namespace = parsed.feed.namespace
    for name in (*parsed.mention.thread_keys, parsed.parent_id, parsed.thread_id, parsed.external_id):
        if not name:
            continue
        if ticket := batch.threads.get((namespace, thread_key(name))):
            return ticket
        message = batch.messages.get((namespace, name))
        if message is not None and message.ticket is not None:
            return message.ticket
    return None


def answered_ticket(batch: IngestBatch, parsed: Parsed) -> TicketState | None:
    namespace = parsed.feed.namespace
    if reply := batch.replies.get((namespace, parsed.external_id)):
        return batch.tickets.get(reply[1])
    parent = batch.messages.get((namespace, parsed.parent_id)) if parsed.parent_id else None
    if parent is not None and parent.ticket is not None:
        return parent.ticket
    if parsed.feed.grouping is Grouping.THREAD:
        return ticket_of_thread(batch, parsed)
    # Our private messages reply to nothing, but name their recipient.
    keys = [thread_key(key) for key in parsed.mention.thread_keys]
    keys += [key] if (key := parent_author_key(batch, parsed)) else []
    return batch.ticket_by_keys(namespace, keys)


def author_keys(parsed: Parsed) -> list[tuple[str, str]]:
    """The (namespace, key) pairs that this author would have as a requester; they decide whom to store as an author."""
    if parsed.feed.grouping is Grouping.AUTHOR_IN_THREAD:
        return [(parsed.feed.namespace, author_key(parsed.thread_id, parsed.author.id))]
    return [(parsed.feed.namespace, key) for key in parsed.keys]
