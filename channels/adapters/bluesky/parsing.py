"""Turns a stored post into a mention. Pure.

The record: https://docs.bsky.app/docs/advanced-guides/posts. Facets count UTF-8 bytes:
https://docs.bsky.app/docs/advanced-guides/post-richtext. `createdAt` is set by the client; the network saw the post at
`indexedAt`, so the post is at least that old: https://docs.bsky.app/docs/advanced-guides/timestamps
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from channels.adapters.bluesky import client, wire
from channels.contract import Author, Config, Item, Json, Mention
from channels.errors import Malformed
from channels.toolkit.text import clean, names_phrase, text_links
from channels.toolkit.values import (
    MALFORMED,
    list_of,
    object_of,
    objects_of,
    text_of,
    time_of,
    value_at,
    web_address_of,
)

WEB = "https://bsky.app"
_FACET = "app.bsky.richtext.facet#"
_NO_HANDLE = "handle.invalid"


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in a post; None if the post only resembles a phrase."""
    payload = item.payload
    post = object_of(payload).get("post")
    if not isinstance(post, dict) or item.external_id.startswith(MALFORMED):
        raise Malformed("A Bluesky post has no address (at://…).")
    if payload.get("gone") is True:
        return _vanished(item.external_id, payload)
    record = post.get("record")
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise Malformed(f"The Bluesky post {item.external_id} has no record or no text.")
    mention = _mention(item.external_id, post, record, config)
    return mention if payload.get("in_thread") or payload.get("told") or _is_wanted(mention, config) else None


def _vanished(uri: str, payload: Mapping[str, Any]) -> Mention:
    parts, root = wire.parts_of(uri), payload.get("root")
    author = Author(parts[0] if parts else "")
    return Mention(uri, root if isinstance(root, str) and root else uri, author, None, "", is_deleted=True)


def _is_wanted(mention: Mention, config: Config) -> bool:
    """The search also matches words that merely resemble a phrase, so we check again."""
    phrases = config.entries("phrases")
    if not phrases or mention.is_own:
        return True
    if {name for tier in mention.addressed for name in tier} & own_names(config):
        return True
    return names_phrase(phrases, mention.text, *mention.links)


def own_names(config: Config) -> frozenset[str]:
    """Our handles and DIDs, lower case."""
    names = (*config.addresses, *config.own, client.handle(config))
    return frozenset(name.lstrip("@").lower() for name in names if name)


def _mention(uri: str, post: Mapping[str, Any], record: Mapping[str, Any], config: Config) -> Mention:
    reply = record.get("reply")
    author = _author(uri, post.get("author"), config)
    langs = record.get("langs")
    text = _whole_text(record)
    card = _card(record)
    return Mention(
        external_id=uri,
        thread_id=_uri_of(reply, "root") or uri,
        author=author,
        posted_at=written_at(post),
        text=text,
        parent_id=_uri_of(reply, "parent"),
        url=web_url(uri, author.handle, config),
        about_url=web_address_of(card.get("uri")),
        is_own=author.is_one_of(own_names(config)),
        links=_links(record, text, config),
        language=text_of(langs[0]) or None if isinstance(langs, list) and langs else None,
        addressed=_addressed(record),
        extra=_extra(post),
    )


def written_at(post: Mapping[str, Any]) -> datetime | None:
    created, indexed = time_of(value_at(post, "record", "createdAt")), time_of(post.get("indexedAt"))
    return min(created, indexed) if created and indexed else created or indexed


def web_url(uri: str, handle: str | None, config: Config) -> str | None:
    parts = wire.parts_of(uri)
    return f"{config.address('web_base', WEB)}/profile/{handle or parts[0]}/post/{parts[2]}" if parts else None


def _author(uri: str, author: Json, config: Config) -> Author:
    """An account that lost its domain is known only by its DID."""
    given, parts = object_of(author), wire.parts_of(uri)
    did = text_of(given.get("did")) or (parts[0] if parts else "")
    handle = text_of(given.get("handle")).removeprefix(_NO_HANDLE)
    url = f"{config.address('web_base', WEB)}/profile/{handle or did}"
    return Author(did, handle or None, text_of(given.get("displayName")) or None, url)


def _uri_of(reply: Json, end: str) -> str | None:
    """URI of the reply's `root` or `parent`."""
    uri = value_at(reply, end, "uri")
    return uri if wire.parts_of(uri) is not None else None


# --- text, links, names ----------------------------------------------------------------------------------------------


def _facets(record: Mapping[str, Any]) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """(first byte, byte after the last, feature), in text order; facets outside the text are dropped."""
    size, found = len(record["text"].encode("utf-8", "surrogatepass")), []
    for facet in list_of(record.get("facets")):
        start, end = (value_at(facet, "index", name) for name in ("byteStart", "byteEnd"))
        if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= size:
            continue
        found += [(start, end, feature) for feature in objects_of(facet.get("features"))]
    yield from sorted(found, key=lambda entry: entry[:2])


def _is(feature: Mapping[str, Any], kind: str) -> bool:
    return feature.get("$type") == f"{_FACET}{kind}"


def _whole_text(record: Mapping[str, Any]) -> str:
    """The text with shortened links expanded, plus image descriptions and the title of the link card."""
    source, made, at = record["text"].encode("utf-8", "surrogatepass"), b"", 0
    for start, end, feature in _facets(record):
        shown, link = source[start:end], web_address_of(feature.get("uri")) if _is(feature, "link") else None
        if link and start >= at and shown.endswith((b"...", "…".encode())):
            made, at = made + source[at:start] + link.encode(), end
    text = clean((made + source[at:]).decode("utf-8", "replace")).strip()
    media = _media(record)
    images = objects_of(media.get("images"))
    notes = [f"[Image: {alt}]" for image in images if (alt := text_of(image.get("alt")))]
    if media.get("$type") == "app.bsky.embed.video" and text_of(media.get("alt")):
        notes.append(f"[Video: {text_of(media.get('alt'))}]")
    title = text_of(_card(record).get("title"))
    return "\n\n".join(part for part in (text, *notes, f"[Link: {title}]" if title else "") if part)


def _media(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The embed, without the quoted post if there is one."""
    embed = object_of(record.get("embed"))
    inner = embed.get("media")
    return inner if isinstance(inner, dict) else embed


def _card(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_of(_media(record).get("external"))


def _quoted(record: Mapping[str, Any]) -> str | None:
    inner = object_of(value_at(record, "embed", "record"))
    uri = object_of(inner.get("record") or inner).get("uri")
    parts = wire.parts_of(uri)
    return uri if parts and parts[1] == wire.POST else None


def _links(record: Mapping[str, Any], text: str, config: Config) -> tuple[str, ...]:
    found = [web_address_of(feature.get("uri")) for _, _, feature in _facets(record) if _is(feature, "link")]
    quoted = _quoted(record)
    found += [
        *text_links(text),
        web_address_of(_card(record).get("uri")),
        web_url(quoted, None, config) if quoted else None,
    ]
    return tuple(dict.fromkeys(link for link in found if link))


def _addressed(record: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Handles as written, and the accounts they refer to."""
    source = record["text"].encode("utf-8", "surrogatepass")
    names: list[str] = []
    for start, end, feature in _facets(record):
        if _is(feature, "mention"):
            names.append(source[start:end].decode("utf-8", "ignore").strip().lstrip("@").lower())
            names.append(text_of(feature.get("did")).lower())
    found = tuple(dict.fromkeys(name for name in names if name))
    return (found,) if found else ()


def _extra(post: Mapping[str, Any]) -> dict[str, Json]:
    counts = {"likes": "likeCount", "reposts": "repostCount", "replies": "replyCount"}
    return {shown: post[key] for shown, key in counts.items() if isinstance(post.get(key), int) and post[key]}
