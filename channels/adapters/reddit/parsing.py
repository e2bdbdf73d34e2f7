"""Turns a Reddit thing into a mention: times, texts, deletions, URLs. Pure.

Fields: https://github.com/reddit-archive/reddit/wiki/JSON. `created` is in the server's local time and not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.adapters.reddit.wire import COMMENT, POST, fullname
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import clean, html_links, names_phrase
from channels.toolkit.values import MALFORMED, drop_none, moment_of, object_of, web_address_of

WEB = "https://www.reddit.com"
NOBODY = ("", "[deleted]", "[removed]", "[unavailable]")
_DELETED = ("[deleted]", "[deleted by user]")
_REMOVED = ("[removed]", "[ removed by reddit ]", "[removed by moderator]", "[removed by reddit]")
_BY_AUTHOR = ("deleted", "author")
"""Values of `removed_by_category`; the others are moderator, reddit, automod_filtered, anti_evil_ops,
copyright_takedown …"""
_INBOX = ("username_mention", "comment_reply", "post_reply")
_PATH = re.compile(r"/(?:r|user|u)/([^/?#]+)/comments/([0-9a-z]+)(?:/([^/?#]*))?(?:/([0-9a-z]+))?")
_INVISIBLE = re.compile(r"&#x200b;|&#8203;|\u200b", re.IGNORECASE)
"""Reddit's own editor inserts these for empty lines."""
_BLANK = re.compile(r"\n[ \t]*\n\s*\n")


def web_base(config: Config) -> str:
    return str(config.setting("web_base", WEB)).rstrip("/")


def subreddits(config: Config) -> list[str]:
    """Names without `r/`, as entered, deduplicated case-insensitively."""
    bare = [name.strip("/").removeprefix("r/").removeprefix("R/") for name in config.entries("subreddits")]
    return list({name.lower(): name for name in reversed(bare) if name}.values())[::-1]


def parse(item: Item, config: Config) -> Mention | None:
    """The mention in a thing; None if it only resembles a phrase."""
    payload = item.payload
    data = object_of(payload).get("data")
    kind = object_of(payload).get("kind")
    if not isinstance(data, dict) or kind not in (COMMENT, POST):
        raise Malformed("A stored Reddit item has no kind or no data.")
    if item.external_id.startswith(MALFORMED):
        raise Malformed("A Reddit item has neither name nor id.")
    thing = Thing(kind, data, payload.get("post") or {}, bool(payload.get("escaped")))
    mention = thing.mention(item.external_id, config)
    return mention if payload.get("in_thread") or _is_wanted(thing, mention, config) else None


def _is_wanted(thing: Thing, mention: Mention, config: Config) -> bool:
    """The search also matches words that merely resemble a phrase, so we check again. Anything in our subreddits or
    addressed to our account counts, whatever it says."""
    phrases = config.entries("phrases")
    if not phrases or thing.data.get("was_comment") is True or thing.data.get("type") in _INBOX:
        return True
    if thing.text_of("subreddit").lower() in {name.lower() for name in subreddits(config)}:
        return True
    original = thing.original
    also = (original.text_of("title"), original.text_of("selftext")) if original else ()
    return names_phrase(phrases, mention.subject, mention.text, *mention.links, *also)


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    """Over the source text, not the HTML: listings, threads and the inbox render the same text differently."""
    content = (mention.text, mention.subject, mention.is_deleted, mention.parent_id)
    return digest_of(content)


class Thing:
    """A post or comment as received."""

    def __init__(self, kind: str, data: Mapping[str, Any], post: Mapping[str, Any], escaped: bool) -> None:
        self.kind, self.data, self.post, self.escaped = kind, data, post, escaped

    @property
    def original(self) -> Thing | None:
        """The original of a crosspost."""
        parents = self.data.get("crosspost_parent_list")
        return Thing(POST, parents[0], {}, self.escaped) if isinstance(parents, list) and parents else None

    def text_of(self, key: str, source: Mapping[str, Any] | None = None) -> str:
        value = (self.data if source is None else source).get(key)
        if not isinstance(value, str):
            return ""
        if self.escaped:
            value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        return clean(value).strip()

    def mention(self, external_id: str, config: Config) -> Mention:
        is_post = self.kind == POST
        text = _BLANK.sub("\n\n", _INVISIBLE.sub("", self.text_of("selftext" if is_post else "body"))).strip()
        html = self.text_of("selftext_html" if is_post else "body_html")
        title = self.text_of("title") if is_post else self._thread_title()
        page = self._linked_page(config)
        author = _author(self.text_of("author"), config)
        gone = self.gone()
        return Mention(
            external_id=external_id,
            thread_id=external_id if is_post else self._thread() or external_id,
            author=author,
            posted_at=moment_of(self.data.get("created_utc")),
            text=text,
            parent_id=None if is_post else fullname(self.data.get("parent_id"), COMMENT),
            subject=(title or None) if is_post else None,
            html=html or None,
            url=self._url(config),
            about_url=page,
            is_own=author.is_one_of(own_names(config)),
            is_deleted=gone is not None,
            edited_at=moment_of(self.data.get("edited")),  # True for an edit too old to have a recorded time
            links=tuple(dict.fromkeys(([page] if page and is_post else []) + list(html_links(html)))),
            addressed=self._addressed(config),
            thread_title=title or None,
            extra=self._extra(gone),
        )

    def gone(self) -> str | None:
        """`deleted` by its author, `removed` by somebody else, or None. If an author deletes the account, their posts
        stay up under the name [deleted]: those are not gone."""
        category = self.data.get("removed_by_category")
        if isinstance(category, str) and category:
            return "deleted" if category in _BY_AUTHOR else "removed"
        if self.data.get("collapsed_reason_code") == "DELETED":
            return "removed" if self.text_of("body").lower() in _REMOVED else "deleted"
        if self.kind == COMMENT and self.text_of("author") not in NOBODY and self.data.get("removed") is not True:
            return None  # anybody can type "[removed]"
        said = (self.text_of("body"), self.text_of("selftext"), self.text_of("title"))
        for text in said:
            if text.lower() in _DELETED:
                return "deleted"
            if text.lower() in _REMOVED:
                return "removed"
        return None

    def _thread(self) -> str | None:
        """The inbox omits `link_id`, so there the id comes from `context`."""
        found = _PATH.search(self.text_of("context") or self.text_of("permalink"))
        parent = self.text_of("parent_id")
        return (
            fullname(self.data.get("link_id"), POST)
            or fullname(self.post.get("name"), POST)
            or (fullname(found[2], POST) if found else None)
            or (parent if parent.startswith("t3_") else None)
        )

    def _thread_title(self) -> str:
        return self.text_of("link_title") or self.text_of("title", self.post)

    def _url(self, config: Config) -> str | None:
        """Normalised: without `?ref=` and `?context=`, on our `web_base`."""
        path = _path_of(self.text_of("permalink") or self.text_of("context"))
        number = self.text_of("id") or self.text_of("name").partition("_")[2]
        thread = (self._thread() or "").removeprefix("t3_")
        if not _PATH.match(path):
            place, slug = self.text_of("subreddit"), "comment"
            if self.kind == POST and number:
                path = f"/r/{place}/comments/{number}/" if place else f"/comments/{number}/"
            elif thread and number:
                path = f"/r/{place}/comments/{thread}/{slug}/{number}/" if place else f"/comments/{thread}/_/{number}/"
            else:
                return None
        return f"{web_base(config)}{path if path.endswith('/') else path + '/'}"

    def _linked_page(self, config: Config) -> str | None:
        """The post's link; a text post links to itself, a crosspost to the original."""
        if self.kind == POST:
            page, is_self = self.text_of("url_overridden_by_dest") or self.text_of("url"), self.data.get("is_self")
        else:
            page = self.text_of("link_url") or self.text_of("url", self.post)
            is_self = self.post.get("is_self")
        thread = self._thread() if self.kind == COMMENT else fullname(self.data.get("id"), POST)
        found = _PATH.search(_path_of(page)) if page.startswith(("http", "/")) else None
        if is_self or (found and thread == f"t3_{found[2]}"):
            return None
        if page.startswith("/"):
            page = f"{web_base(config)}{page}"
        return web_address_of(page)

    def _addressed(self, config: Config) -> tuple[tuple[str, ...], ...]:
        """The accounts named, then the subreddit: a channel's address may be either."""
        dest = self.text_of("dest").lower() if self.data.get("type") in _INBOX else ""
        text = self.text_of("body" if self.kind == COMMENT else "selftext").lower()
        called = [name for name in map(_bare, config.addresses) if re.search(rf"\bu/{re.escape(name)}\b", text)]
        people = [form for name in dict.fromkeys([*called, dest]) if name for form in (name, f"u/{name}")]
        place = self.text_of("subreddit").lower()
        return tuple(tier for tier in (tuple(people), (f"r/{place}", place) if place else ()) if tier)

    def _extra(self, gone: str | None) -> dict[str, Json]:
        own = ("subreddit", "score", "num_comments", "upvote_ratio", "link_flair_text", "distinguished")
        extra: dict[str, Json] = {key: self.data.get(key) for key in own}
        if self.kind == COMMENT and extra["num_comments"] is None:
            extra["num_comments"] = self.post.get("num_comments")
        for key in ("locked", "archived", "stickied", "over_18", "quarantine", "is_submitter", "score_hidden"):
            extra[key] = True if self.data.get(key) is True else None
        extra["gone"] = gone
        if (original := self.original) is not None:
            extra["crosspost_of"] = {
                "id": original.data.get("name"),
                "subreddit": original.data.get("subreddit"),
                "author": original.data.get("author"),
                "title": original.text_of("title") or None,
                "text": original.text_of("selftext") or None,
            }
        return drop_none(extra)


def own_names(config: Config) -> frozenset[str]:
    return frozenset(_bare(name) for name in (*config.own, *config.addresses) if not name.startswith("r/"))


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def _bare(name: str) -> str:
    return name.lower().strip("/").removeprefix("u/")


def _author(name: str, config: Config) -> Author:
    if name in NOBODY:
        return Author("")
    return Author(name, handle=name, url=f"{web_base(config)}/user/{name}/")
