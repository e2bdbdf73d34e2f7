"""Statuses as stored by the instance, and their wire format.

Fields: https://docs.joinmastodon.org/entities/Status/, …/Account/. Our documents have `id`, `author` (as in `acct`),
`text`, `at`, `edited`, `gone`, `parent`, `root`, `visibility`, `spoiler`, `alt`, `lang`, `likes`, `boosts`, `kind`,
`desk`.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable
from typing import Any

from sandbox.base.ordered import OrderedPosts
from sandbox.store import Doc, Store
from sandbox.wire.texts import LINK, iso, paragraphs

DESK = "acme"
"""The account of the desk's connection."""
PUBLIC = ("public", "unlisted")
_CALL = re.compile(r"(?<![\w/@])@(\w+)(?:@([\w.-]*\w))?")
_TAG = re.compile(r"(?<![\w/#&])#(\w+)")
_MARKED = re.compile(f"{LINK.pattern}|{_CALL.pattern}|{_TAG.pattern}")


def called(text: str) -> list[str]:
    """Accounts mentioned in a text, lower case, as in `acct`."""
    found = (f"{name}@{host}" if host else name for name, host in _CALL.findall(LINK.sub(" ", text)))
    return list(dict.fromkeys(name.lower() for name in found))


def tags(text: str) -> list[str]:
    return list(dict.fromkeys(name.lower() for name in _TAG.findall(LINK.sub(" ", text))))


def seen(status: Doc) -> str:
    """All visible text: handles without hosts, the content warning and the image description."""
    text = _CALL.sub(r"@\1", status["text"])
    warning = f"[Content warning: {status['spoiler']}]" if status["spoiler"] else ""
    return "\n\n".join(p for p in (warning, text, f"[Image: {status['alt']}]" if status["alt"] else "") if p)


class Statuses(OrderedPosts):
    """`web`: the instance's URL, set once the port is known."""

    kind = "md_status"

    def __init__(self, store: Store, web: Callable[[], str]) -> None:
        super().__init__(store)
        self.web = web

    def order(self, doc: Doc) -> int:
        return int(doc["id"])

    def lists(self, doc: Doc) -> list[str]:
        return [f"below {doc['parent']}"]

    def add(self, author: str, text: str, *, at: float, parent: Doc | None = None, **more: Any) -> Doc:
        """Ids contain the time: https://github.com/mastodon/mastodon/blob/main/lib/mastodon/snowflake.rb"""
        number = (int(at * 1000) << 16) + self.store.next_number("md_status") % 65_536
        status = {
            "id": str(number), "author": author.lstrip("@"), "text": text, "at": at, "edited": 0.0, "gone": False,
            "parent": parent["id"] if parent else "", "root": parent["root"] if parent else str(number),
            "visibility": "public", "spoiler": "", "alt": "", "lang": "en", "likes": [], "boosts": 0, "kind": "",
            "desk": False, **more,
        }  # fmt: skip
        self.save(status)
        if self._speaks_to_desk(status):
            note = self.store.next_number("md_note")
            self.store.put("md_note", str(note), {"id": str(note), "status": status["id"], "at": at})
        return status

    def _speaks_to_desk(self, status: Doc) -> bool:
        return status["author"] != DESK and status["visibility"] != "private" and DESK in called(status["text"])

    def notes(self) -> list[tuple[Doc, Doc]]:
        """Notifications with their subjects, newest first. One about a deleted post disappears with it."""
        found = ((note, self.get(note["status"])) for note in reversed(list(self.store.all("md_note").values())))
        return [(note, status) for note, status in found if status and not status["gone"]]

    def above(self, status: Doc) -> list[Doc]:
        chain: list[Doc] = []
        while (parent := self.get(status["parent"])) is not None and not parent["gone"]:
            chain.insert(0, parent)
            status = parent
        return chain

    def below(self, number: str) -> list[Doc]:
        found: list[Doc] = []
        for status in self.all(f"below {number}"):
            if not status["gone"]:
                found += [status, *self.below(status["id"])]
        return found

    # --- wire format ------------------------------------------------------------------------------------------

    def url(self, status: Doc) -> str:
        return f"{self.web()}/@{status['author']}/{status['id']}"

    def account(self, acct: str) -> dict[str, Any]:
        name, _, host = acct.partition("@")
        url = f"https://{host}/@{name}" if host else f"{self.web()}/@{name}"
        return {
            "id": account_id(acct), "username": name, "acct": acct, "display_name": name.replace("_", " ").title(),
            "locked": False, "bot": False, "discoverable": True, "indexable": True, "group": False,
            "created_at": "2024-02-01T00:00:00.000Z", "note": "<p></p>", "url": url, "uri": url, "emojis": [],
            "avatar": f"{self.web()}/avatars/original/missing.png", "followers_count": 12, "following_count": 7,
            "statuses_count": 120, "last_status_at": None, "fields": [],
        }  # fmt: skip

    def shown(self, status: Doc) -> dict[str, Any]:
        url, parent = self.url(status), self.get(status["parent"])
        media = {
            "id": f"9{status['id']}", "type": "image", "url": f"{self.web()}/media/{status['id']}.png",
            "remote_url": None, "description": status["alt"], "blurhash": None, "meta": {},
        }  # fmt: skip
        return {
            "id": status["id"], "created_at": iso(status["at"]), "in_reply_to_id": status["parent"] or None,
            "in_reply_to_account_id": account_id(parent["author"]) if parent else None,
            "sensitive": bool(status["spoiler"]), "spoiler_text": status["spoiler"],
            "visibility": status["visibility"], "language": status["lang"], "uri": url, "url": url,
            "replies_count": len(self.all(f"below {status['id']}")), "reblogs_count": status["boosts"],
            "favourites_count": len(status["likes"]), "quotes_count": 0,
            "edited_at": iso(status["edited"]) if status["edited"] else None,
            "favourited": DESK in status["likes"], "reblogged": False, "muted": False, "bookmarked": False,
            "content": self.as_html(status["text"]), "filtered": [], "reblog": None, "application": None,
            "account": self.account(status["author"]), "media_attachments": [media] if status["alt"] else [],
            "mentions": [self._mentioned(acct) for acct in called(status["text"])],
            "tags": [{"name": name, "url": f"{self.web()}/tags/{name}"} for name in tags(status["text"])],
            "emojis": [], "quote": None, "card": None, "poll": None,
        }  # fmt: skip

    def _mentioned(self, acct: str) -> dict[str, Any]:
        account = self.account(acct)
        return {key: account[key] for key in ("id", "username", "url", "acct")}

    def as_html(self, text: str) -> str:
        return "".join(f"<p>{self._marked(part)}</p>" for part in paragraphs(text))

    def _marked(self, text: str) -> str:
        made, at = [], 0
        for found in _MARKED.finditer(text):
            made += [html.escape(text[at : found.start()], quote=False).replace("\n", "<br />"), self._mark(found[0])]
            at = found.end()
        return "".join([*made, html.escape(text[at:], quote=False).replace("\n", "<br />")])

    def _mark(self, word: str) -> str:
        """Links are shown shortened, handles without their host."""
        if word.startswith("@"):
            url, name = self.account(word[1:].lower())["url"], html.escape(word[1:].partition("@")[0])
            return (
                f'<span class="h-card" translate="no"><a href="{html.escape(url)}" class="u-url mention">'
                f"@<span>{name}</span></a></span>"
            )
        if word.startswith("#"):
            url = f"{self.web()}/tags/{word[1:].lower()}"
            return f'<a href="{url}" class="mention hashtag" rel="tag">#<span>{html.escape(word[1:])}</span></a>'
        scheme, rest = re.match(r"(https?://(?:www\.)?)(.*)", word).groups()  # type: ignore[union-attr]
        shown, hidden = html.escape(rest[:30]), html.escape(rest[30:])
        return (
            f'<a href="{html.escape(word)}" target="_blank" rel="nofollow noopener" translate="no">'
            f'<span class="invisible">{scheme}</span><span class="{"ellipsis" if hidden else ""}">{shown}</span>'
            f'<span class="invisible">{hidden}</span></a>'
        )


def account_id(acct: str) -> str:
    """Derived from the name, so stable across runs."""
    mark = hashlib.blake2b(acct.lower().encode(), digest_size=6).digest()
    return str(109_000_000_000_000_000 + int.from_bytes(mark, "big"))
