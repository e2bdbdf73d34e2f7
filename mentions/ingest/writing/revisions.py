"""Another version of a message that we have: an edit keeps the old text, a deletion keeps it too and is shown.

Versions are ordered by the length of the edit history, then by when they were fetched; an older one that comes late
becomes history and overwrites nothing.
"""

from __future__ import annotations

from mentions.ingest.reading import building
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import Board, MessageState, Row

SHOWN = ("subject", "text", "html")


def apply(board: Board, message: MessageState, parsed: Parsed) -> None:
    """Bring the message up to this version, if it is one."""
    mention, row = parsed.mention, message.row
    if row["item_id"] is None and row["direction"] == "team":
        _adopt(message, parsed)
    # What is gone tells no history any more: all its versions are gone with it.
    versions = message.aliases if mention.is_deleted else len(mention.aliases)
    newer = (versions, parsed.row.fetched_at) >= (message.aliases, row["version_at"])
    if parsed.digest != row["digest"]:
        version = building.version_row(parsed)
        if not newer:
            if not mention.is_deleted and not _same_words(version, row):
                _keep(board, message, version, parsed)
        elif mention.is_deleted:
            _delete(message, parsed)
        else:
            _edit(board, message, version, parsed)
    for alias in mention.aliases:
        key = parsed.feed.namespace, alias
        if key not in board.messages:
            board.messages[key] = board.new_aliases[key] = message
            message.aliases += 1


def _adopt(message: MessageState, parsed: Parsed) -> None:
    """What the desk wrote has come in: the platform's words are not an edit of ours."""
    message.row |= building.version_row(parsed)
    message.is_changed = True


def _edit(board: Board, message: MessageState, version: Row, parsed: Parsed) -> None:
    row = message.row
    if not _same_words(row, version):
        if not row["is_deleted"]:
            _keep(board, message, {name: row[name] for name in SHOWN}, parsed)
        row["edited_at"] = parsed.mention.edited_at or parsed.at
        _rename(message, version)
        _tell(message, parsed, "edited")
    if row["is_deleted"]:
        # "Dead" on Hacker News can be vouched for and come back.
        row["is_deleted"], row["deleted_at"] = False, None
        _tell(message, parsed, "restored")
        if message.ticket:
            message.ticket.needs_clocks = True
    row |= version
    row["parent_external_id"] = parsed.parent_id or row["parent_external_id"]
    row["thread_id"] = parsed.thread_id
    message.is_changed = True


def _rename(message: MessageState, version: Row) -> None:
    """A ticket that is called by these words follows them."""
    ticket = message.ticket
    if ticket is not None and ticket.subject == building.subject_of(message.row):
        ticket.subject = building.subject_of(version)
        ticket.is_changed = True


def _delete(message: MessageState, parsed: Parsed) -> None:
    """The text stays, marked as deleted. An answer of ours is taken out of the clocks."""
    row = message.row
    row["digest"], row["version_at"], row["item_id"] = parsed.digest, parsed.row.fetched_at, parsed.row.id
    message.is_changed = True
    if row["is_deleted"]:
        return
    row["is_deleted"], row["deleted_at"] = True, parsed.at
    _tell(message, parsed, "deleted")
    if message.ticket:
        message.ticket.needs_clocks = True
        if row["direction"] == "team":
            message.ticket.lost_answer_at = parsed.at


def _keep(board: Board, message: MessageState, old: Row, parsed: Parsed) -> None:
    """An older text, once. Whether it is kept already, the statement that writes it looks up."""
    words = {name: old[name] for name in SHOWN}
    board.revisions.append((message, {**words, "replaced_at": parsed.mention.edited_at or parsed.at}))


def _same_words(one: Row, other: Row) -> bool:
    """Other markup around the same words (another API of the platform) is no edit."""
    return bool(one["subject"] == other["subject"] and one["text"] == other["text"])


def _tell(message: MessageState, parsed: Parsed, kind: str) -> None:
    ticket = message.ticket
    if ticket is None:
        return
    data: Row = {"message": message, "direction": message.row["direction"]}
    if kind == "deleted" and message.id and message.id == ticket.first_reply_message_id:
        data["was_first_reply"] = True
    ticket.events.append((parsed.at, kind, data))
