"""Turns one API v2 or v1.1 tweet into a mention. Pure, and on the hot path of ingest.

An edit is a new tweet linked by `edit_history_tweet_ids` (https://docs.x.com/x-api/fundamentals/edit-posts): the first
id is its identity, and for a root tweet also its conversation.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from channels.adapters.twitter import direct_parsing, wire
from channels.adapters.twitter.accounts import is_ours, web_base
from channels.adapters.twitter.times import created_at, snowflake_time
from channels.contract import NO_MENTION, Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import clean, text_links
from channels.toolkit.values import list_of, object_of, objects_of

_TCO = re.compile(r"https?://t\.co/[A-Za-z0-9]+")
_HANDLE = re.compile(r"(?<![\w@./])[@＠](\w{1,15})(?![\w@])", re.ASCII)
_TAG = re.compile(r"(?<![\w&])#(\w{1,50})")
_RETWEET = re.compile(r"RT @\w{1,20}: ", re.ASCII)
_NO_LANGUAGE = frozenset(("und", "qam", "qct", "qht", "qme", "qst", "zxx", "art", ""))

Object = Mapping[str, Any]


def tweet_url(config: Config, handle: str | None, number: str) -> str:
    """A tweet's public page; any name before the id works, as does `i/web` without one."""
    return f"{web_base(config)}/{handle or 'i/web'}/status/{number}"


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in an item; None for a retweet."""
    payload = item.payload
    if isinstance(payload, dict) and "dm" in payload:
        return direct_parsing.mention_of(item, config)
    tweet = object_of(payload).get("tweet")
    if not isinstance(tweet, dict):
        if isinstance(payload, dict) and isinstance(payload.get("deleted"), dict):
            return _gone(item, payload["deleted"], config)
        raise Malformed("A stored tweet is not an object.")
    number = wire.identity(tweet, "id")
    if number is None:
        raise Malformed("A tweet has no id.")
    if is_retweet(tweet):
        return None
    return _mention(number, tweet, payload, config)


def is_retweet(tweet: Object) -> bool:
    """By reference, or, if those fields weren't requested, by the text format of retweets."""
    references = tweet.get("referenced_tweets")
    if isinstance(references, list) and references:
        return any(isinstance(r, dict) and r.get("type") == "retweeted" for r in references)
    if isinstance(tweet.get("retweeted_status"), dict):
        return True
    if "id_str" in tweet or "user" in tweet or "edit_controls" in tweet:
        return False  # the tweet is complete and has no retweet reference: somebody typed "RT"
    text = tweet.get("text")
    if not isinstance(text, str) or _RETWEET.match(text) is None:
        return False
    return "author_id" not in tweet or text.endswith("…")


def _mention(number: str, tweet: Object, payload: Object, config: Config) -> Mention:
    versions = wire.history(tweet) or [number]
    first, newest = versions[0], versions[-1]
    author = _author(tweet, payload.get("user"), config)
    raw, entities = _content(tweet)
    expanded = _expansions(tweet, entities, raw)
    text = _readable(raw, expanded)
    parent = wire.parent_of(tweet)
    conversation = wire.identity(tweet, "conversation_id") or wire.identity(payload, "root") or parent or first
    is_root = conversation in versions
    created = created_at(tweet)
    own = is_ours(author, config)
    named = _named(tweet, entities, raw)
    return Mention(
        external_id=first,
        thread_id=first if is_root else conversation,
        author=author,
        posted_at=(snowflake_time(first) if newest != first else None) or created or snowflake_time(number),
        text=text,
        parent_id=parent,
        url=tweet_url(config, author.handle, number),
        is_own=own,
        edited_at=_edited_at(newest, number, created) if newest != first else None,
        links=_links(expanded, text),
        language=_language(tweet.get("lang")),
        aliases=tuple(versions[1:]),
        reply_to_id=newest if newest != first else None,
        thread_keys=tuple(versions[:0:-1]) if is_root else (),
        addressed=_addressed(author, named, _tags(raw), own),
        extra=_extra(tweet, payload),
    )


def _gone(item: Item, deleted: Object, config: Config) -> Mention:
    number, author = item.external_id, Author(wire.identity(deleted, "user_id") or "")
    url, own = tweet_url(config, None, number), is_ours(author, config)
    return Mention(number, number, author, snowflake_time(number), "", url=url, is_own=own, is_deleted=True)


def _author(tweet: Object, included: Json, config: Config) -> Author:
    """From `includes` (v2), from the tweet itself (v1.1, flattened collector output), else just the id."""
    user = included if isinstance(included, dict) else tweet.get("user") or tweet.get("author")
    number = wire.identity(tweet, "author_id")
    if not isinstance(user, dict):
        return Author(number or "")
    handle = user.get("username") or user.get("screen_name")
    handle = clean(handle) if isinstance(handle, str) and handle else None
    name = user.get("name")
    return Author(
        id=number or wire.identity(user, "id") or "",
        handle=handle,
        name=clean(name) if isinstance(name, str) and name else None,
        url=f"{web_base(config)}/{handle}" if handle else None,
    )


def _content(tweet: Object) -> tuple[str, Object]:
    """The full text and its entities: long posts keep theirs in `note_tweet` (v2) or `extended_tweet` (v1.1)."""
    for key, name in (("note_tweet", "text"), ("extended_tweet", "full_text")):
        longer = tweet.get(key)
        if isinstance(longer, dict) and isinstance(longer.get(name), str) and longer[name]:
            entities = longer.get("entities")
            return longer[name], entities if isinstance(entities, dict) else object_of(tweet.get("entities"))
    for name in ("full_text", "text"):
        text = tweet.get(name)
        if isinstance(text, str):
            return text, object_of(tweet.get("entities"))
    raise Malformed("A tweet has no text.")


def _expansions(tweet: Object, entities: Object, raw: str) -> dict[str, str]:
    """Short link → target, in order. Matched by the link itself: offsets count escaped or unescaped characters
    depending on the entity, and the link occurs nowhere else. A long post's own entities are more complete than the
    shortened ones next to them, which add a link to the post itself."""
    found: dict[str, str] = {}
    own = tweet.get("entities")
    for source in (entities,) if own is entities or not isinstance(own, dict) else (entities, own):
        for name in ("urls", "media"):
            for entry in list_of(source.get(name)):
                link = object_of(entry).get("url")
                if isinstance(link, str) and link and link not in found and link in raw:
                    target = entry.get("expanded_url")
                    found[link] = target if isinstance(target, str) and target else link
    return found


def _readable(raw: str, expanded: Mapping[str, str]) -> str:
    """Unescaped (Twitter escapes only &, < and >), with links expanded."""
    if expanded:
        raw = _TCO.sub(lambda link: expanded.get(link[0], link[0]), raw)
        for link, target in expanded.items():
            if link != target and "//t.co/" not in link:
                raw = raw.replace(link, target)
    if "&" in raw:
        raw = raw.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    return clean(raw)


def _links(expanded: Mapping[str, str], text: str) -> tuple[str, ...]:
    if expanded:
        return tuple(dict.fromkeys(clean(target) for target in expanded.values()))
    return text_links(text)


def _edited_at(newest: str, number: str, created: datetime | None) -> datetime | None:
    return snowflake_time(newest) or (created if number == newest else None)


def _named(tweet: Object, entities: Object, raw: str) -> tuple[str, ...]:
    """Lower-case handles it addresses, in order: from the entities, else from the text."""
    names: dict[str, None] = {}
    for key, name in (("mentions", "username"), ("user_mentions", "screen_name")):
        for entry in list_of(entities.get(key)):
            if isinstance(entry, dict) and isinstance(entry.get(name), str):
                names[entry[name].lower()] = None
    if "@" in raw or "＠" in raw:
        for match in _HANDLE.finditer(raw):
            names[match[1].lower()] = None
    replied_to = tweet.get("in_reply_to_screen_name")
    if isinstance(replied_to, str) and replied_to:
        names[replied_to.lower()] = None
    return tuple(names)


def _tags(raw: str) -> tuple[str, ...]:
    """Lower-case hashtags, each once."""
    return tuple(dict.fromkeys(tag.lower() for tag in _TAG.findall(raw))) if "#" in raw else ()


def _addressed(author: Author, named: tuple[str, ...], tags: tuple[str, ...], own: bool) -> tuple[tuple[str, ...], ...]:
    """A tweet by one of our handles belongs to that handle, whoever it mentions. A tweet that mentions none of them
    belongs to the handle of its hashtag (#movingtoacme)."""
    by = (author.handle.lower(),) if own and author.handle else ()
    return tuple(tier for tier in (by, named, tags) if tier)


def _language(value: Json) -> str | None:
    return value if isinstance(value, str) and value not in _NO_LANGUAGE else None


def _extra(tweet: Object, payload: Object) -> dict[str, Json]:
    """Volatile counts, and pictures: shown with the text, never an edit."""
    extra: dict[str, Json] = {}
    metrics = object_of(tweet.get("public_metrics"))
    for shown, name, old in (
        ("likes", "like_count", "favorite_count"),
        ("reposts", "retweet_count", "retweet_count"),
        ("replies", "reply_count", "reply_count"),
    ):
        value = metrics.get(name, tweet.get(old))
        if isinstance(value, int) and value:
            extra[shown] = value
    media = list(_media(tweet, payload))
    if media:
        extra["media"] = media
    quoted = _quoted(tweet)
    if quoted:
        extra["quoted_id"] = quoted
    return extra


def _quoted(tweet: Object) -> str | None:
    return wire.referenced(tweet, "quoted") or wire.identity(tweet, "quoted_status_id")


def _media(tweet: Object, payload: Object) -> Iterator[dict[str, Json]]:
    entries = payload.get("media") or object_of(tweet.get("extended_entities")).get("media")
    for entry in objects_of(entries):
        url = entry.get("url") if "media_key" in entry else entry.get("media_url_https")
        yield {
            "type": entry.get("type"),
            "url": url or entry.get("preview_image_url"),
            "alt": entry.get("alt_text") or entry.get("ext_alt_text"),
        }


def fingerprint(item: Item, config: Config) -> bytes:
    """Over the raw fields that make up the visible text, without parsing: polls return the same tweets again and
    again."""
    payload = item.payload
    tweet = object_of(payload).get("tweet")
    if not isinstance(tweet, dict):
        return hashlib.blake2b(json.dumps(payload, sort_keys=True).encode(), digest_size=16).digest()
    if is_retweet(tweet):
        return NO_MENTION
    raw, entities = _content(tweet)
    content = (raw, tweet.get("edit_history_tweet_ids"), list(_expansions(tweet, entities, raw).values()))
    return digest_of(content)
