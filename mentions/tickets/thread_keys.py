"""The conversation of a message: the keys that find its ticket again. Pure.

A whole-thread platform (mail) keeps one key for each id of the conversation; where a ticket is one author in a thread
(Twitter, Hacker News), the key is thread and author. Never the subject alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from channels.contract import Grouping, Mention

MAX_KEY_BYTES = 800
"""A unique index is limited to 2,700 bytes for namespace and key together."""


def thread_key(key: str) -> str:
    """The stored form of a key: unchanged, or its digest if it is too long to index."""
    raw = key.encode("utf-8", "surrogatepass")
    if len(raw) <= MAX_KEY_BYTES and "\0" not in key:
        return key
    return "#" + hashlib.blake2b(raw, digest_size=24).hexdigest()


def author_key(thread_id: str, author_id: str) -> str:
    return thread_key(f"{thread_id}|{author_id}")


def keys_of(
    grouping: Grouping, *, external_id: str, thread_id: str, asker_id: str, thread_keys: Iterable[str] = ()
) -> list[str]:
    """Keys that lead to a message's ticket, strongest first; a new ticket is found under the same ones."""
    if grouping is Grouping.AUTHOR_IN_THREAD:
        return [author_key(thread_id, asker_id)]
    return list(dict.fromkeys(thread_key(key) for key in (*thread_keys, thread_id, external_id)))


def asker_of(mention: Mention, author_id: str) -> str:
    """Who wants an answer: the original sender of a forwarded email, else the author."""
    return mention.requester.id or author_id if mention.requester else author_id
