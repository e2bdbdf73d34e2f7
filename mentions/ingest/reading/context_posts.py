"""The talk around tickets: parents, siblings, a story. Shared by all tickets of a thread, nobody's own."""

from __future__ import annotations

from mentions.ingest.reading import building
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import Board, Row


def place(board: Board, parsed: Parsed) -> None:
    """Store or renew a piece of context. What was deleted keeps its text and its author."""
    key = parsed.feed.namespace, parsed.external_id
    known = board.posts.get(key)
    row = building.post_row(parsed)
    if known is not None:
        if known["version_at"] > row["version_at"] or known["digest"] == row["digest"]:
            return
        if row["is_deleted"]:
            kept = (
                "subject",
                "text",
                "html",
                "url",
                "author_external_id",
                "author_handle",
                "author_name",
                "author_url",
            )
            row |= {name: known[name] for name in kept}
    board.posts[key] = board.written_posts[key] = row


def take_out(board: Board, namespace: str, external_id: str) -> Row | None:
    """It becomes a message of somebody's ticket: context no more."""
    post = board.posts.pop((namespace, external_id), None)
    board.written_posts.pop((namespace, external_id), None)
    if post and post.get("id"):
        board.dropped_posts.append(post["id"])
    return post
