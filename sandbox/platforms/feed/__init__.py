"""Feeds under /feeds: alerts and a blog planet in Atom, a person's notes as JSON Feed, a mailing list in RSS."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.platforms.feed import pages, wire
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router
from sandbox.world import Member

FEEDS: dict[str, str] = {
    "alerts.xml": "Google Alert – Acme",
    "planet.xml": "Planet of builders",
    "notes.json": "Notes from the workshop",
    "list.xml": "users@lists.builders.example",
}
LIST = "list.xml"


class Feed(Talk):
    name = "feed"
    title = pages.SECTION
    home = "/feeds/web/"
    answers_come_back = False

    def register(self, router: Router) -> None:
        wire.Wire(self).register(router)
        pages.Pages(self).register(router)

    def account(self, member: Member) -> str | None:
        """Lists and planets identify people by e-mail address."""
        return member.email

    def address(self, feed: str) -> str:
        return f"{self.universe.public_url}/feeds/{feed}"

    def entries(self, feed: str = "") -> list[Doc]:
        """Newest first, without comments on entries, which no feed shows."""
        found = [e for e in self.store.all("feed_entry").values()
                 if not e["gone"] and (e["feed"] == LIST or not e["parent"]) and feed in ("", e["feed"])]  # fmt: skip
        return sorted(found, key=lambda e: (-e["at"], -e["number"]))

    def comments(self, entry: Doc) -> list[Doc]:
        return [e for e in self.store.all("feed_entry").values() if e["parent"] == entry["id"] and not e["gone"]]

    def get(self, number: str) -> Doc | None:
        """By guid, or by a desk's id for it: feed hash, colon, guid."""
        entry = self.store.get("feed_entry", number) or self.store.get("feed_entry", number.partition(":")[2])
        return entry if entry and not entry["gone"] else None

    def url(self, entry: Doc) -> str:
        return f"{self.universe.public_url}/feeds/web/{entry['feed']}/{entry['number']}"

    def perform(self, act: Act) -> Made:
        """`more["to"]` is the feed. A reply on the mailing list is a new entry; elsewhere it is a comment on the page,
        which no feed shows."""
        at = act.at or self.universe.now()
        if act.verb == "retweet":
            raise Impossible("nobody retweets here")
        if act.verb in ("edit", "delete"):
            entry = self._existing(act.parent)
            return self._save(
                {**entry, **({"gone": True} if act.verb == "delete" else {"text": act.text, "updated": at})}
            )
        number = self.store.next_number("feed_entry")
        parent = self._existing(act.parent) if act.parent else None
        feed = parent["feed"] if parent else str(act.more.get("to") or list(FEEDS)[number % len(FEEDS)])
        if feed not in FEEDS:
            raise Impossible(f"there is no feed {feed}; there are {', '.join(FEEDS)}")
        title = f"Re: {parent['title'].removeprefix('Re: ')}" if parent else act.more.get("title")
        member = self.team().get(act.author.lower())
        return self._save({
            "id": f"tag:sandbox.example,2026:{feed.partition('.')[0]}/{number}", "number": number, "feed": feed,
            "author": act.author, "name": member.name if member else act.more.get("name") or act.author,
            "email": member.email if member else f"{act.author.lower()}@mail.example", "at": at, "updated": at,
            "title": title or act.text.split("\n")[0][:90], "text": act.text, "parent": parent["id"] if parent else "",
            "gone": False, "kind": act.kind,
        })  # fmt: skip

    def _existing(self, number: str) -> Doc:
        entry = self.get(number)
        if entry is None:
            raise Impossible(f"there is no entry {number}")
        return entry

    def _save(self, entry: Doc) -> Made:
        self.store.put("feed_entry", entry["id"], entry)
        return Made(self.desk_id(entry), self.url(entry))

    def desk_id(self, entry: Doc) -> str:
        """Guids are unique only within their feed, so a desk prefixes them with a hash of the feed's address."""
        parts = urlsplit(self.address(entry["feed"]))
        mark = hashlib.blake2b(f"{parts.netloc}{parts.path}".encode(), digest_size=6).hexdigest()
        return f"{mark}:{entry['id']}"

    def access(self) -> Access:
        return Access({"feeds": [self.address(feed) for feed in FEEDS]})

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Every feed entry; comments on entries are only visible on their pages."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for entry in self.store.all("feed_entry").values():
            place = "mentions"
            if entry["author"].lower() in self.team():
                place = "ours"
            elif entry["gone"] or (entry["parent"] and entry["feed"] != LIST):
                place = "optional"
            reason = {"reason": "deleted" if entry["gone"] else "context"} if place == "optional" else {}
            told[place].append(self._entry(entry) | reason)
        return told

    def _entry(self, entry: Doc) -> dict[str, Any]:
        return {
            "id": self.desk_id(entry), "author": entry["author"], "text": entry["text"], "title": entry["title"],
            "at": int(entry["at"]), "thread_id": self.desk_id(entry), "in_reply_to": None, "feed": entry["feed"],
            "deleted": entry["gone"], "kind": entry["kind"],
        }  # fmt: skip

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        status = {"429": 429, "500": 500, "expired": 403}[kind]
        headers = {"Retry-After": "2"} if kind == "429" else {}
        return Response(f"<html><body><h1>{status}</h1></body></html>".encode(), status, "text/html", headers)


PLATFORM = Feed
