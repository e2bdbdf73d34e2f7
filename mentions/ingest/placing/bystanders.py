"""Turns a context post that somebody must judge into a message. It also stays in its thread's context."""

from __future__ import annotations

from datetime import datetime

from mentions.models import Author, Message, ThreadPost


def message_of(post: ThreadPost, channel_id: int, now: datetime) -> Message | None:
    """A message without a ticket, by the post's author; None if there was one. Later versions of the post revise it."""
    author, _created = Author.objects.get_or_create(
        namespace=post.namespace,
        external_id=post.author_external_id,
        defaults={"handle": post.author_handle, "name": post.author_name, "url": post.author_url},
    )
    message, is_new = Message.objects.get_or_create(
        namespace=post.namespace,
        external_id=post.external_id,
        defaults={
            "channel_id": channel_id,
            "author": author,
            "thread_id": post.thread_id,
            "parent_external_id": post.parent_external_id,
            "subject": post.subject,
            "text": post.text,
            "html": post.html,
            "url": post.url,
            "posted_at": post.posted_at,
            "ingested_at": now,
            "digest": post.digest,
            "version_at": post.version_at,
        },
    )
    return message if is_new else None
