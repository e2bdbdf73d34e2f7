"""Context posts around tickets: parents, siblings, a story. All tickets of a thread share them."""

from __future__ import annotations

from mentions.ingest.reading import building
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, Row


def store(batch: IngestBatch, parsed: Parsed) -> None:
    """Store or update a context post. A deleted one keeps its text and author."""
    key = parsed.feed.namespace, parsed.external_id
    stored = batch.posts.get(key)
    row = building.post_row(parsed)
    if stored is not None:
        if stored["version_at"] > row["version_at"] or stored["digest"] == row["digest"]:
            return
        if row["is_deleted"]:
            preserved = (
                "subject",
                "text",
                "html",
                "url",
                "author_external_id",
                "author_handle",
                "author_name",
                "author_url",
            )
            row |= {name: stored[name] for name in preserved}
    batch.posts[key] = batch.written_posts[key] = row


def take_out(batch: IngestBatch, namespace: str, external_id: str) -> Row | None:
    """Remove a post from context, because it becomes a message of a ticket, and return it; None if there was none."""
    post = batch.posts.pop((namespace, external_id), None)
    batch.written_posts.pop((namespace, external_id), None)
    if post and post.get("id"):
        batch.dropped_posts.append(post["id"])
    return post
