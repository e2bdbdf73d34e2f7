"""Applies new versions of known messages. An edit or a deletion keeps the old text, and a deletion is shown.

Versions are ordered by the length of the edit history, then by fetch time; an older one that arrives late becomes
history and overwrites nothing.
"""

from __future__ import annotations

from mentions.ingest.reading import building
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, MessageState, Row
from mentions.models import EventKind

SHOWN = ("subject", "text", "html")


def apply(batch: IngestBatch, message: MessageState, parsed: Parsed) -> None:
    """Update the message if this version is newer."""
    mention, row = parsed.mention, message.row
    if row["item_id"] is None and row["direction"] == "team":
        _take_platform_version(message, parsed)
    # A deleted message shows no history: its versions are deleted too.
    versions = message.aliases if mention.is_deleted else len(mention.aliases)
    is_newer = (versions, parsed.row.fetched_at) >= (message.aliases, row["version_at"])
    if parsed.digest != row["digest"]:
        version = building.version_row(parsed)
        if not is_newer:
            if not mention.is_deleted and not _same_words(version, row):
                _store_revision(batch, message, version, parsed)
        elif mention.is_deleted:
            _delete(message, parsed)
        else:
            _edit(batch, message, version, parsed)
    for alias in mention.aliases:
        key = parsed.feed.namespace, alias
        if key not in batch.messages:
            batch.messages[key] = batch.new_aliases[key] = message
            message.aliases += 1


def _take_platform_version(message: MessageState, parsed: Parsed) -> None:
    """Take over the platform's version of our own reply: its text there isn't an edit."""
    message.row |= building.version_row(parsed)
    message.is_changed = True


def _edit(batch: IngestBatch, message: MessageState, version: Row, parsed: Parsed) -> None:
    row = message.row
    if not _same_words(row, version):
        if not row["is_deleted"]:
            _store_revision(batch, message, {name: row[name] for name in SHOWN}, parsed)
        row["edited_at"] = parsed.mention.edited_at or parsed.at
        _rename(message, version)
        _add_event(message, parsed, EventKind.EDITED)
    if row["is_deleted"]:
        # A "dead" post on Hacker News can be vouched for and return.
        row["is_deleted"], row["deleted_at"] = False, None
        _add_event(message, parsed, EventKind.RESTORED)
        if message.ticket:
            message.ticket.needs_clocks = True
    row |= version
    row["parent_external_id"] = parsed.parent_id or row["parent_external_id"]
    row["thread_id"] = parsed.thread_id
    message.is_changed = True


def _rename(message: MessageState, version: Row) -> None:
    """Update a ticket title taken from this text."""
    ticket = message.ticket
    if ticket is not None and ticket.subject == building.subject_of(message.row):
        ticket.subject = building.subject_of(version)
        ticket.is_changed = True


def _delete(message: MessageState, parsed: Parsed) -> None:
    """Keep the text, marked as deleted. A deleted answer of ours no longer counts for the clocks."""
    row = message.row
    row["digest"], row["version_at"], row["item_id"] = parsed.digest, parsed.row.fetched_at, parsed.row.id
    message.is_changed = True
    if row["is_deleted"]:
        return
    row["is_deleted"], row["deleted_at"] = True, parsed.at
    _add_event(message, parsed, EventKind.DELETED)
    if message.ticket:
        message.ticket.needs_clocks = True
        if row["direction"] == "team":
            message.ticket.lost_answer_at = parsed.at


def _store_revision(batch: IngestBatch, message: MessageState, old: Row, parsed: Parsed) -> None:
    """Store an older text as a revision. The statement that writes it drops duplicates."""
    words = {name: old[name] for name in SHOWN}
    batch.revisions.append((message, {**words, "replaced_at": parsed.mention.edited_at or parsed.at}))


def _same_words(version: Row, other_version: Row) -> bool:
    """Whether subject and text are the same; other markup (from another API of the platform) is no edit."""
    return bool(version["subject"] == other_version["subject"] and version["text"] == other_version["text"])


def _add_event(message: MessageState, parsed: Parsed, kind: EventKind) -> None:
    ticket = message.ticket
    if ticket is None:
        return
    data: Row = {"message": message, "direction": message.row["direction"]}
    if kind == EventKind.DELETED and message.id and message.id == ticket.first_reply_message_id:
        data["was_first_reply"] = True
    ticket.events.append((parsed.at, kind, data))
