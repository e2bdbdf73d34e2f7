"""Lobsters: JSON and pages under /lobsters, at the same URLs as on the real site. No posting API."""

from __future__ import annotations

import random
import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.universe import Universe
from sandbox.platforms.lobsters import api, pages
from sandbox.platforms.lobsters.stories import Stories
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router, json_response
from sandbox.world import PHRASES

_PHRASE = re.compile(rf"\b(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)
MAX_TURNS = 3


class Lobsters(Talk):
    name = "lobsters"
    title = "Lobsters"
    home = "/lobsters/"

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.stories = Stories(universe.store, lambda: f"{universe.public_url}/lobsters")

    def register(self, router: Router) -> None:
        api.Api(self.stories).register(router)
        pages.Pages(self).register(router)

    def perform(self, act: Act) -> Made:
        """`more["url"]` makes a link story; `removed` a comment removed by a moderator."""
        at = act.at or self.universe.now()
        if act.verb in ("edit", "delete"):
            entry = self._existing(act.parent)
            changes = {"gone": "deleted"} if act.verb == "delete" else {"text": act.text, "edited": int(at)}
            entry = self.stories.save({**entry, **changes})
        elif act.verb != "post":
            raise Impossible(f"nobody does {act.verb} on Lobsters")
        elif act.parent:
            parent = self._existing(act.parent)
            gone = "removed" if act.more.get("removed") else ""
            entry = self.stories.comment(parent, act.author, act.text, at=int(at), kind=act.kind, gone=gone)
            self._react(entry, parent, act)
        else:
            title = str(act.more.get("title") or act.text.split("\n")[0][:90] or "…")
            url = str(act.more.get("url", ""))
            entry = self.stories.submit(act.author, title, act.text, url=url, at=int(at), kind=act.kind)
        return Made(entry["key"], self.stories.address(entry))

    def _existing(self, key: str) -> Doc:
        entry = self.stories.get(key)
        if entry is None or entry["gone"]:
            raise Impossible(f"there is nothing called {key}")
        return entry

    def _react(self, entry: Doc, parent: Doc, act: Act) -> None:
        """A person just answered by the team may respond."""
        if not (self.universe.reactions and act.by_team and act.at is None):
            return
        mine = [c for c in self.stories.under(parent["story"]) if c["author"] == parent["author"]]
        if parent["author"].lower() in self.team() or len(mine) >= MAX_TURNS or self.universe.random.random() > 0.6:
            return
        asked = Act("lobsters", "post", parent["author"], parent["text"], kind=parent["kind"] or "question")
        later: random.Random = self.universe.random
        self.universe.later(self.follow_up(later, asked, parent=entry["key"], key=""), later.uniform(4, 25))

    def access(self) -> Access:
        base = f"{self.universe.public_url}/lobsters"
        return Access({"phrases": ["Acme"], "comments": True, "api_base": base, "web_base": base})

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions contain one of our phrases as a whole word in title, text or URL."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for entry in self.stories.all():
            place, reason = self._place(entry)
            told[place].append(self._entry(entry) | ({"reason": reason} if reason else {}))
        return told

    def _place(self, entry: Doc) -> tuple[str, str]:
        if entry["author"].lower() in self.team():
            return "ours", ""
        if entry["gone"]:
            return "optional", "deleted"
        said = f"{entry.get('title', '')} {entry['text']} {entry.get('url', '')}"
        return ("mentions", "") if _PHRASE.search(said) else ("optional", "context")

    def _entry(self, entry: Doc) -> dict[str, Any]:
        return {
            "id": entry["key"],
            "author": entry["author"],
            "text": entry["text"],
            "title": entry.get("title"),
            "at": entry["at"],
            "thread_id": entry["story"],
            "in_reply_to": entry["parent"] or None,
            "deleted": bool(entry["gone"]),
            "kind": entry["kind"],
        }

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return Response(b"Throttled\n", 429, "text/plain", {"Retry-After": "2"})
        if kind == "expired":
            return json_response({"error": "forbidden"}, 403)
        return Response(b"<html><body><h1>We're sorry, but something went wrong.</h1></body></html>", 500, "text/html")


PLATFORM = Lobsters
