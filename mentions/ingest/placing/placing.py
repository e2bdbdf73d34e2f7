"""Places each mention: known, our answer, a bounce, context, a follow-up, or a new ticket.

Works only in memory: the number of statements doesn't depend on the batch's size.
"""

from __future__ import annotations

from channels.contract import Grouping
from channels.models import Channel
from mentions.ingest import unreadable
from mentions.ingest.placing import already_stored, finding_ticket, keeping_out, reopening
from mentions.ingest.reading import building, context_posts
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, MessageState, Row, TicketState
from mentions.ingest.writing import revisions
from mentions.models import EventKind


def place(batch: IngestBatch, parsed: Parsed) -> None:
    known = already_stored.version_of(batch, parsed)
    if known is not None:
        _seen_again(batch, known, parsed)
    elif parsed.is_own:
        _team(batch, parsed)
    elif parsed.mention.bounced_id:
        _bounce(batch, parsed)
    elif parsed.is_context:
        _context(batch, parsed)
    elif keeping_out.stays_out(batch, parsed):
        keeping_out.keep_out(batch, parsed)
    else:
        _inbound(batch, parsed)


def _seen_again(batch: IngestBatch, message: MessageState, parsed: Parsed) -> None:
    """A new sighting, a new version, or both."""
    revisions.apply(batch, message, parsed)
    if parsed.is_context:
        return
    if message.row["direction"] == "in" and keeping_out.adds_nothing(batch, message, parsed):
        return
    _see(batch, message, parsed)
    best = parsed.channels[0]
    if best.rank < message.channel_rank:
        # The primary channel goes by rank, whatever the order of the polls.
        message.row["channel_id"], message.channel_rank = best.pk, best.rank
        message.is_changed = True
    if message.row["direction"] == "team":
        _answer(batch, message, finding_ticket.answered_ticket(batch, parsed))
    elif message.row["direction"] == "in":
        _inbound_again(batch, message, parsed)


def _inbound_again(batch: IngestBatch, message: MessageState, parsed: Parsed) -> None:
    ticket = message.ticket
    if ticket is None:
        _put_in_ticket(batch, message, parsed)
        return
    batch.lead(parsed.feed.namespace, parsed.keys, ticket)
    channel = _queue_channel(parsed)
    if channel is not None and channel.rank < ticket.channel_rank and message.row["posted_at"] <= ticket.posted_at:
        _switch_channel(ticket, channel)


def _switch_channel(ticket: TicketState, channel: Channel) -> None:
    """Move the ticket to its first message's channel, unless somebody has already handled it in the current one."""
    if ticket.is_touched:
        return
    ticket.channel_id, ticket.channel_rank, ticket.priority = channel.pk, channel.rank, channel.priority
    ticket.channel_minutes, ticket.skips_weekends = channel.target_minutes, channel.skips_weekends
    ticket.counts_coverage = channel.counts_coverage
    ticket.is_changed = ticket.needs_clocks = True


def _new(batch: IngestBatch, parsed: Parsed, direction: str, channel: Channel | None = None) -> MessageState:
    namespace = parsed.feed.namespace
    channel = channel or parsed.channels[0]
    author_id, _ = batch.authors[namespace, parsed.author.id]
    row = building.message_row(parsed, channel.pk, author_id, direction, parsed.external_id)
    message = MessageState(0, row, parsed.author.id, channel.rank, is_new=True, attachments=parsed.mention.attachments)
    batch.messages[namespace, parsed.external_id] = message
    for alias in parsed.mention.aliases:
        batch.messages[namespace, alias] = batch.new_aliases[namespace, alias] = message
        message.aliases += 1
    batch.new_messages.append(message)
    context_posts.take_out(batch, namespace, parsed.external_id)
    if not parsed.is_context:
        _see(batch, message, parsed)
    return message


def _see(batch: IngestBatch, message: MessageState, parsed: Parsed) -> None:
    for channel in parsed.channels:
        batch.see(message, channel.pk, parsed.at)


def _queue_channel(parsed: Parsed) -> Channel | None:
    return next((channel for channel in parsed.channels if channel.to_queue), None)


# --- messages to us -----------------------------------------------------------------------------------------------


def _inbound(batch: IngestBatch, parsed: Parsed) -> None:
    _put_in_ticket(batch, _new(batch, parsed, "in"), parsed)


def _put_in_ticket(batch: IngestBatch, message: MessageState, parsed: Parsed) -> None:
    """Put the message into its conversation's ticket or a new one. Into none on notify-only channels, or if the post
    was deleted before we saw it."""
    ticket = finding_ticket.ticket_of_asker(batch, parsed)
    row = message.row
    channel = None if row["is_deleted"] else _queue_channel(parsed)
    if ticket is None:
        if channel is not None:
            _open(batch, message, parsed, channel)
    elif ticket.status == "closed" and channel is not None and not row["is_auto"]:
        _open(batch, message, parsed, channel, follows=ticket)
    elif channel is not None or row["posted_at"] >= ticket.posted_at:
        _join(batch, message, ticket, parsed)
    if message.ticket is None:
        batch.loose.append(message)


def _open(
    batch: IngestBatch, message: MessageState, parsed: Parsed, channel: Channel, follows: TicketState | None = None
) -> None:
    """Open a ticket for this message; after a closed one it is the follow-up, with the same assignee."""
    namespace = parsed.feed.namespace
    requester_id, _ = batch.authors[namespace, parsed.asker.id]
    ticket = unreadable.adopt(batch, message, parsed, channel)
    if ticket is None:
        ticket = building.ticket_for(message, channel, requester_id, parsed.at)
        batch.new_tickets.append(ticket)
    if follows is not None:
        ticket.follow_up_of_id, ticket.assignee_id = follows.id, follows.assignee_id
        ticket.subject = follows.subject or ticket.subject
        batch.moved_threads.append((follows.id, ticket))
        for key in [key for key, lead in batch.threads.items() if lead is follows]:
            batch.threads[key] = ticket
    batch.lead(namespace, parsed.keys, ticket)
    if parsed.feed.threads:
        ticket.follow = (parsed.feed.connection_id, namespace, parsed.thread_id, parsed.external_id)
    _attach(batch, message, ticket)
    _take_in_context(batch, ticket, parsed)


def _join(batch: IngestBatch, message: MessageState, ticket: TicketState, parsed: Parsed) -> None:
    row = message.row
    is_first = row["posted_at"] < ticket.posted_at and not row["is_auto"] and not row["is_deleted"]
    batch.lead(parsed.feed.namespace, parsed.keys, ticket)
    if parsed.feed.threads:
        ticket.follow = (parsed.feed.connection_id, parsed.feed.namespace, parsed.thread_id, parsed.external_id)
    if is_first:
        _set_first_message(batch, ticket, parsed, row)
    _attach(batch, message, ticket)
    if is_first:
        _take_in_context(batch, ticket, parsed)


def _set_first_message(batch: IngestBatch, ticket: TicketState, parsed: Parsed, row: Row) -> None:
    """The conversation started earlier than we knew: its first message sets the requester and the subject."""
    ticket.requester_id, _ = batch.authors[parsed.feed.namespace, parsed.asker.id]
    ticket.posted_at = row["posted_at"]
    ticket.subject = building.subject_of(row)
    ticket.language = row["language"] or ticket.language
    ticket.is_changed = True
    if channel := _queue_channel(parsed):
        _switch_channel(ticket, channel)


def _attach(batch: IngestBatch, message: MessageState, ticket: TicketState) -> None:
    """Attach the message to the ticket, with any posts of ours that answered it before it was known."""
    message.ticket = ticket
    message.is_changed = True
    ticket.count += 1
    reopening.heard(ticket, message)
    for orphan in [o for o in batch.orphans if _answers(batch, o, message)]:
        _answer(batch, orphan, ticket)


def _answers(batch: IngestBatch, orphan: MessageState, message: MessageState) -> bool:
    parent = batch.messages.get((orphan.row["namespace"], orphan.row["parent_external_id"]))
    if parent is message:
        return True
    # Mail from us that started the conversation, before anybody wrote to us.
    began = (message.row["namespace"], message.row["parent_external_id"]) == orphan.key
    return began and orphan.row["namespace"] in batch.whole_threads


def _take_in_context(batch: IngestBatch, ticket: TicketState, parsed: Parsed) -> None:
    """Take in what the requester had already said in the thread: on a notify-only channel, or read as context."""
    namespace = parsed.feed.namespace
    is_whole = parsed.feed.grouping is Grouping.THREAD

    def is_of_ticket(row: Row, author_id: str) -> bool:
        return (
            (row["namespace"], row["thread_id"]) == (namespace, parsed.thread_id)
            and (is_whole or author_id == parsed.author.id)
            and row["posted_at"] >= ticket.posted_at
        )

    for message in [m for m in batch.loose if m.ticket is None and is_of_ticket(m.row, m.author_key)]:
        batch.loose.remove(message)
        batch.answers.append(message)
        _attach(batch, message, ticket)
    if is_whole:
        return
    requester_posts = [post for post in batch.posts.values() if is_of_ticket(post, post["author_external_id"])]
    for post in sorted(requester_posts, key=lambda p: p["posted_at"]):
        context_posts.take_out(batch, namespace, post["external_id"])
        message = building.message_of_post(post, parsed, ticket.requester_id)
        batch.messages[message.key] = message
        batch.new_messages.append(message)
        _attach(batch, message, ticket)


def _context(batch: IngestBatch, parsed: Parsed) -> None:
    """A post from a followed thread: a follow-up if its author is the requester, else context."""
    namespace = parsed.feed.namespace
    ticket = batch.ticket_by_keys(namespace, parsed.keys)
    author = batch.authors.get((namespace, parsed.author.id))
    if (
        ticket is None
        or author is None
        or ticket.requester_id != author[0]
        or parsed.posted_at < ticket.posted_at
        or parsed.mention.is_deleted
    ):
        context_posts.store(batch, parsed)
        return
    channel = next((c for c in parsed.feed.channels if c.pk == ticket.channel_id), parsed.channels[0])
    message = _new(batch, parsed, "in", channel)
    if ticket.status == "closed":
        _open(batch, message, parsed, channel, follows=ticket)
    else:
        _join(batch, message, ticket, parsed)


# --- messages from us ---------------------------------------------------------------------------------------------


def _team(batch: IngestBatch, parsed: Parsed) -> None:
    """An answer of ours, from anywhere: it stops its ticket's clock and is not new work."""
    message = _new(batch, parsed, "team")
    ticket = finding_ticket.answered_ticket(batch, parsed)
    if ticket is None:
        batch.orphans.append(message)
        return
    _answer(batch, message, ticket)


def _answer(batch: IngestBatch, message: MessageState, ticket: TicketState | None) -> None:
    if ticket is None or message.ticket is not None:
        return
    if message in batch.orphans:
        batch.orphans.remove(message)
        batch.answers.append(message)
    if reply := batch.replies.get(message.key):
        batch.reply_messages.append((reply[0], message))
    elif not message.row["is_auto"]:
        ticket.answer = message
    _attach(batch, message, ticket)


def _bounce(batch: IngestBatch, parsed: Parsed) -> None:
    """A delivery report about our email: reopen its ticket and attach the report."""
    namespace = parsed.feed.namespace
    about = (namespace, parsed.mention.bounced_id or "")
    bounced = batch.messages.get(about)
    ticket = bounced.ticket if bounced else batch.tickets.get(batch.bounced.get(about, 0))
    ticket = ticket or batch.ticket_by_keys(namespace, parsed.keys)
    if ticket is None:
        _inbound(batch, parsed)
        return
    message = _new(batch, parsed, "by")
    _attach(batch, message, ticket)
    batch.lead(namespace, parsed.keys, ticket)
    ticket.has_bounced = True
    facts = parsed.mention.extra.get("bounce") or {}
    batch.bounces.append((parsed.feed.connection_id, parsed.mention.bounced_id or "", facts))
    data = {"message": message, "bounced_id": parsed.mention.bounced_id, "report": facts}
    ticket.events.append((parsed.at, EventKind.BOUNCED, data))
