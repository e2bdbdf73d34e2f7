"""Builds rows from mentions: new messages, tickets and context. Pure."""

from __future__ import annotations

from typing import Any

from channels.links.canonical_urls import canonical
from channels.links.web_addresses import web_address
from channels.models import Channel
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import MessageState, Row, TicketState
from mentions.models import EventKind
from mentions.text.storable_text import storable

MAX_SUBJECT = 1000


def message_row(parsed: Parsed, channel_id: int, author_id: int, direction: str, external_id: str) -> Row:
    mention = parsed.mention
    return {
        "channel_id": channel_id,
        "namespace": parsed.feed.namespace,
        "external_id": external_id,
        "thread_id": parsed.thread_id,
        "parent_external_id": parsed.parent_id,
        "author_id": author_id,
        "direction": direction,
        "is_auto": mention.is_auto,
        "is_deleted": mention.is_deleted,
        "posted_at": parsed.posted_at,
        "ingested_at": parsed.at,
        "edited_at": mention.edited_at,
        "deleted_at": parsed.at if mention.is_deleted else None,
        "canonical_url": canonical(mention.url or ""),
        "page_url": canonical(mention.about_url or ""),
        **version_row(parsed),
    }


def version_row(parsed: Parsed) -> Row:
    """The columns that a new version of the same post changes."""
    mention = parsed.mention
    return {
        "reply_to_external_id": (mention.reply_to_id or "")[:500],
        "subject": storable(mention.subject or "", MAX_SUBJECT),
        "text": storable(mention.text),
        "html": storable(mention.html or ""),
        "url": web_address(storable(mention.url or "")),
        "language": storable(mention.language or "", 12),
        "links": [storable(link) for link in mention.links],
        "thread_title": storable(mention.thread_title or "", MAX_SUBJECT),
        "extra": dict(mention.extra),
        "digest": parsed.digest,
        "version_at": parsed.row.fetched_at,
        "item_id": parsed.row.id,
    }


def message_of_post(post: Row, parsed: Parsed, author_id: int) -> MessageState:
    """Turns a context post into a message of its author's new ticket."""
    row = {name: post[name] for name in ("namespace", "external_id", "thread_id", "parent_external_id", "subject")}
    row |= {name: post[name] for name in ("text", "html", "url", "posted_at", "is_deleted", "digest", "version_at")}
    row |= {
        "canonical_url": canonical(post["url"]),
        "page_url": canonical(parsed.mention.about_url or ""),
        "channel_id": parsed.channels[0].pk,
        "author_id": author_id,
        "direction": "in",
        "reply_to_external_id": "",
        "language": "",
        "links": [],
        "thread_title": storable(parsed.mention.thread_title or "", MAX_SUBJECT),
        "extra": {},
        "is_auto": False,
        "ingested_at": parsed.at,
        "edited_at": None,
        "deleted_at": parsed.at if post["is_deleted"] else None,
        "item_id": None,
    }
    return MessageState(0, row, post["author_external_id"], parsed.channels[0].rank, is_new=True)


def post_row(parsed: Parsed) -> Row:
    """A context post around a ticket."""
    mention, author = parsed.mention, parsed.mention.author
    return {
        "namespace": parsed.feed.namespace,
        "external_id": parsed.external_id,
        "thread_id": parsed.thread_id,
        "parent_external_id": parsed.parent_id,
        "author_external_id": author.id,
        "author_handle": storable(author.handle or "", 254),
        "author_name": storable(author.name or "", 300),
        "author_url": web_address(storable(author.url or "")),
        "subject": storable(mention.subject or mention.thread_title or "", MAX_SUBJECT),
        "text": storable(mention.text),
        "html": storable(mention.html or ""),
        "url": web_address(storable(mention.url or "")),
        "posted_at": parsed.posted_at,
        "is_deleted": mention.is_deleted,
        "digest": parsed.digest,
        "version_at": parsed.row.fetched_at,
    }


def ticket_for(message: MessageState, channel: Channel, requester_id: int, at: Any) -> TicketState:
    """A new ticket with this as its first message. Automatic mail gets one that needs no work."""
    row = message.row
    ticket = TicketState(
        id=0,
        channel_id=channel.pk,
        requester_id=requester_id,
        subject=subject_of(row),
        status="solved" if row["is_auto"] else "new",
        priority=channel.priority,
        language=row.get("language", ""),
        posted_at=row["posted_at"],
        created_at=at,
        no_reply_reason="automatic" if row["is_auto"] else "",
        solved_at=at if row["is_auto"] else None,
        channel_rank=channel.rank,
        channel_minutes=channel.target_minutes,
        skips_weekends=channel.skips_weekends,
        counts_coverage=channel.counts_coverage,
        needs_clocks=channel.counts_coverage,
        is_new=True,
    )
    ticket.events.append((at, EventKind.CREATED, {}))
    return ticket


def subject_of(row: Row) -> str:
    """The ticket's title in lists: the subject, else the thread's title, else the first line."""
    words = row["subject"] or row.get("thread_title", "") or row["text"].strip().partition("\n")[0]
    return str(words)[:500]
