"""Feeds under /feeds: alerts and a blog planet in Atom, a person's notes as JSON Feed, a mailing list in RSS."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.platforms.feed import pages, wire
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response
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
    servers = (wire.Wire, pages.Pages)
    post_kind = "feed_entry"
    answers_come_back = False

    def account(self, member: Member) -> str | None:
        """Lists and planets identify people by email address."""
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

    def find(self, ref: str) -> Doc | None:
        """By guid, or by a desk's id for it: feed hash, colon, guid."""
        return self.store.get(self.post_kind, ref) or self.store.get(self.post_kind, ref.partition(":")[2])

    def url(self, doc: Doc) -> str:
        return f"{self.universe.public_url}/feeds/web/{doc['feed']}/{doc['number']}"

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.save({**doc, "text": text, "updated": at})

    def posted(self, act: Act, at: float) -> Doc:
        """`more["to"]` is the feed. A reply on the mailing list is a new entry; elsewhere it is a comment on the page,
        which no feed shows."""
        number = self.store.next_number("feed_entry")
        parent = self.existing(act.parent) if act.parent else None
        feed = parent["feed"] if parent else str(act.more.get("to") or list(FEEDS)[number % len(FEEDS)])
        if feed not in FEEDS:
            raise Impossible(f"there is no feed {feed}; there are {', '.join(FEEDS)}")
        title = f"Re: {parent['title'].removeprefix('Re: ')}" if parent else act.more.get("title")
        member = self.team().get(act.author.lower())
        return self.save({
            "id": f"tag:sandbox.example,2026:{feed.partition('.')[0]}/{number}", "number": number, "feed": feed,
            "author": act.author, "name": member.name if member else act.more.get("name") or act.author,
            "email": member.email if member else f"{act.author.lower()}@mail.example", "at": at, "updated": at,
            "title": title or act.text.split("\n")[0][:90], "text": act.text, "parent": parent["id"] if parent else "",
            "gone": False, "kind": act.kind,
        })  # fmt: skip

    def made(self, doc: Doc) -> Made:
        return Made(self.desk_id(doc), self.url(doc))

    def desk_id(self, entry: Doc) -> str:
        """Guids are unique only within their feed, so a desk prefixes them with a hash of the feed's address."""
        parts = urlsplit(self.address(entry["feed"]))
        mark = hashlib.blake2b(f"{parts.netloc}{parts.path}".encode(), digest_size=6).hexdigest()
        return f"{mark}:{entry['id']}"

    def access(self) -> Access:
        return Access({"feeds": [self.address(feed) for feed in FEEDS]})

    def is_mention(self, doc: Doc) -> bool:
        """Every feed entry; comments on entries are only visible on their pages."""
        return not doc["parent"] or doc["feed"] == LIST

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": self.desk_id(doc), "author": doc["author"], "text": doc["text"], "title": doc["title"],
            "at": int(doc["at"]), "thread_id": self.desk_id(doc), "in_reply_to": None, "feed": doc["feed"],
            "deleted": doc["gone"], "kind": doc["kind"],
        }  # fmt: skip

    def refusal(self, kind: str) -> Response:
        status = 403 if kind == "expired" else int(kind)
        headers = {"Retry-After": "2"} if kind == "429" else {}
        return Response(f"<html><body><h1>{status}</h1></body></html>".encode(), status, "text/html", headers)


PLATFORM = Feed
