"""Converts configs, hooks and mentions to plain JSON values plus byte strings, and back. Pure.

A parser's answer is checked where it is used: a value of the wrong type raises, and the item counts as unreadable.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from channels.contract import Attachment, Author, Config, Hook, HookAnswer, Item, Mention, Network

Plain = Any
"""A JSON value: None, boolean, number, text, list or object."""


def config_to_plain(config: Config, *, with_secrets: bool = False) -> Plain:
    """`with_secrets`: includes decrypted secrets, for a parser that verifies one hook and then exits; parsing needs
    none."""
    return {
        "settings": dict(config.settings),
        "addresses": list(config.addresses),
        "own": sorted(config.own),
        "channel_settings": {address: dict(values) for address, values in config.channel_settings.items()},
        "network": {**asdict(config.network), "proxies": {}},
        "secrets": dict(config.secrets) if with_secrets else {},
        "channel_secrets": {a: dict(s) for a, s in config.channel_secrets.items()} if with_secrets else {},
    }


def config_from_plain(plain: Plain) -> Config:
    network = {**plain["network"], "allowed_private": tuple(plain["network"]["allowed_private"])}
    return Config(
        settings=plain["settings"],
        secrets=plain["secrets"],
        addresses=tuple(plain["addresses"]),
        own=frozenset(plain["own"]),
        network=Network(**network),
        channel_settings=plain["channel_settings"],
        channel_secrets=plain["channel_secrets"],
    )


def mention_to_plain(mention: Mention) -> tuple[Plain, list[bytes]]:
    """(fields in order, attachment contents). Optional fields are included by name if set."""
    blobs: list[bytes] = []
    more: dict[str, Plain] = {}
    for name in _TEXTS:
        if (value := getattr(mention, name)) is not None:
            more[name] = value
    for name in _FLAGS:
        if getattr(mention, name):
            more[name] = True
    for name in _TUPLES:
        if value := getattr(mention, name):
            more[name] = list(value)
    if mention.edited_at:
        more["edited_at"] = mention.edited_at.isoformat()
    if mention.attachments:
        more["attachments"] = [_file_to_plain(file, blobs) for file in mention.attachments]
    if mention.requester:
        more["requester"] = _author_to_plain(mention.requester)
    if mention.extra:
        more["extra"] = dict(mention.extra)
    posted = mention.posted_at.isoformat() if mention.posted_at else None
    return [
        mention.external_id,
        mention.thread_id,
        _author_to_plain(mention.author),
        posted,
        mention.text,
        more,
    ], blobs


def mention_from_plain(plain: Plain, blobs: list[bytes]) -> Mention:
    """Raises TypeError, ValueError or LookupError if it isn't a mention."""
    external_id, thread_id, author, posted_at, text, more = plain
    for value in (external_id, thread_id, text):
        if not isinstance(value, str):
            raise TypeError("a mention without its texts")
    for name in _TUPLES:
        if name in more:
            more[name] = tuple(tuple(each) if isinstance(each, list) else each for each in more[name])
    if "edited_at" in more:
        more["edited_at"] = _time(more["edited_at"])
    if "attachments" in more:
        more["attachments"] = tuple(_file_from_plain(file, blobs) for file in more["attachments"])
    if "requester" in more:
        more["requester"] = Author(*more["requester"])
    return Mention(external_id, thread_id, Author(*author), _time(posted_at) if posted_at else None, text, **more)


def hook_to_plain(hook: Hook) -> tuple[Plain, list[bytes]]:
    return [hook.method, dict(hook.headers), dict(hook.query), hook.address], [hook.body]


def hook_from_plain(plain: Plain, blobs: list[bytes]) -> Hook:
    method, headers, query, address = plain
    return Hook(method, headers, query, blobs[0], address)


def answer_to_plain(answer: HookAnswer) -> tuple[Plain, list[bytes]]:
    blobs: list[bytes] = []
    items = []
    for item in answer.items:
        if item.raw is not None:
            blobs.append(item.raw)
        items.append([item.external_id, item.payload, None if item.raw is None else len(blobs) - 1])
    return [items, answer.status, answer.body, answer.content_type, answer.poll], blobs


def answer_from_plain(plain: Plain, blobs: list[bytes]) -> HookAnswer:
    items, status, body, content_type, poll = plain
    found = [Item(external_id, payload, None if n is None else blobs[n]) for external_id, payload, n in items]
    return HookAnswer(found, status, body, content_type, poll)


_TEXTS = ("parent_id", "subject", "html", "url", "about_url", "language", "reply_to_id", "thread_title", "bounced_id")
_FLAGS = ("is_auto", "is_own", "is_deleted")
_TUPLES = ("links", "aliases", "thread_keys", "addressed")


def _author_to_plain(author: Author) -> Plain:
    return [author.id, author.handle, author.name, author.url]


def _file_to_plain(file: Attachment, blobs: list[bytes]) -> Plain:
    number = None
    if file.content is not None:
        number = len(blobs)
        blobs.append(bytes(file.content))
    return [file.name, file.type, file.size, file.sha256, number, file.content_id]


def _file_from_plain(plain: Plain, blobs: list[bytes]) -> Attachment:
    name, kind, size, sha256, number, content_id = plain
    return Attachment(name, kind, size, sha256, None if number is None else blobs[number], content_id)


def _time(text: str) -> datetime:
    """In UTC if it has a time zone."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at
