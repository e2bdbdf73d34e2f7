"""What a query or an ignore rule keeps out: only what begins a conversation. Whoever has a ticket is always heard.

Pure. `channels.queries.ignoring` has judged each mention by itself (`Parsed.stop`); here it is asked if that counts.
"""

from __future__ import annotations

from channels.contract import Grouping
from mentions.ingest.reading import context_posts, finding
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import Board, Key, MessageState


def stays_out(board: Board, parsed: Parsed) -> bool:
    if parsed.stop is None:
        return False
    if (parsed.feed.namespace, parsed.asker.id) not in board.authors:
        return True
    return finding.ticket_of_asker(board, parsed) is None


def keep_out(board: Board, parsed: Parsed) -> None:
    """It stays in the inbox, unless it is known already as a part of the talk around some ticket."""
    if (parsed.feed.namespace, parsed.external_id) in board.posts:
        context_posts.place(board, parsed)
    elif parsed.stop is not None:
        board.stopped[parsed.row.id] = parsed.stop


def adds_nothing(board: Board, message: MessageState, parsed: Parsed) -> bool:
    """A message that we have, seen by channels that do not ask for it: what it is already, it stays."""
    return parsed.stop is not None and (message.ticket is not None or stays_out(board, parsed))


def may_be_follow_up(board: Board, parsed: Parsed, coming: set[Key]) -> bool:
    """Whether it names anything that we have, or will have with this batch (`coming`); only then is its author needed
    to find out."""
    space = parsed.feed.namespace
    names = {parsed.parent_id, *parsed.mention.thread_keys}
    if parsed.feed.grouping is Grouping.THREAD:
        names |= {parsed.thread_id, parsed.external_id}
    return any((space, name) in board.messages or (space, name) in coming for name in names)
