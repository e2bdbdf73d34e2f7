"""Mastodon: an instance with its API and public pages under /mastodon."""

from __future__ import annotations

import random
import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made, Timed
from sandbox.base.universe import Universe
from sandbox.platforms.mastodon import api, pages
from sandbox.platforms.mastodon.statuses import DESK, PUBLIC, Statuses, called, seen
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router
from sandbox.world import PHRASES

_PHRASE = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, PHRASES))})(?!\w)", re.IGNORECASE)
_ELSEWHERE = ("fosstodon.example", "hachy.example")
MAX_TURNS = 3


class Mastodon(Talk):
    name = "mastodon"
    title = pages.SECTION
    home = "/mastodon/"
    weight = 2

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.statuses = Statuses(universe.store, lambda: f"{universe.public_url}/mastodon")

    def register(self, router: Router) -> None:
        api.Api(self).register(router)
        pages.Pages(self).register(router)

    # --- what happens -----------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """Some from other instances, some naming us."""
        ((_, act),) = super().opening(random_, key, kind=kind, to=to, author=author)
        if not author:
            act.author = re.sub(r"\W", "_", act.author)
            if random_.random() < 0.4:
                act.author += f"@{random_.choice(_ELSEWHERE)}"
        if random_.random() < 0.35:
            act.text = f"@{DESK} {act.text}"
        if random_.random() < 0.25:
            act.text += " #acme"
        return [(0.0, act)]

    def follow_up(self, random_: random.Random, act: Act, *, parent: str, key: str) -> Act:
        """Replies name the person they answer."""
        made = super().follow_up(random_, act, parent=parent, key=key)
        made.text = f"@{DESK} {made.text}"
        return made

    def perform(self, act: Act) -> Made:
        """`more` may have `visibility`, `spoiler`, `alt` (of a picture) and `lang`."""
        at = act.at or self.universe.now()
        if act.verb == "post":
            parent = self._existing(act.parent) if act.parent else None
            more = {name: str(act.more[name]) for name in ("visibility", "spoiler", "alt", "lang") if name in act.more}
            status = self.statuses.add(act.author, act.text, at=at, parent=parent, kind=act.kind, **more)
        else:
            status = self._existing(act.parent)
            changes: dict[str, Any] = {
                "edit": {"text": act.text, "edited": at},
                "delete": {"gone": True},
                "retweet": {"boosts": status["boosts"] + 1},
            }
            status = self.statuses.save({**status, **changes[act.verb]})
        return Made(status["id"], self.statuses.url(status))

    def _existing(self, number: str) -> Doc:
        status = self.statuses.get(number)
        if status is None or status["gone"]:
            raise Impossible(f"there is no post {number}")
        return status

    def posted_by_desk(self, parent: Doc | None, text: str, visibility: str, lang: str) -> Doc:
        """A post created through the API; the person replied to may react."""
        at = self.universe.now()
        made = self.statuses.add(DESK, text, at=at, parent=parent, visibility=visibility, lang=lang, desk=True)
        if parent is None or not self.universe.reactions or parent["author"].lower() in (*self.team(), DESK):
            return made
        said = [s for s in self.statuses.all() if (s["root"], s["author"]) == (parent["root"], parent["author"])]
        if len(said) < MAX_TURNS and self.universe.random.random() < 0.7:
            asked = Act("mastodon", "post", parent["author"], parent["text"], kind=parent["kind"] or "question")
            act = self.follow_up(self.universe.random, asked, parent=made["id"], key="")
            self.universe.later(act, self.universe.random.uniform(4, 25))
        return made

    def access(self) -> Access:
        return Access(
            {"api_base": f"{self.universe.public_url}/mastodon", "phrases": ["Acme"], "hashtags": ["acme"]},
            {"access_token": api.TOKEN},
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions: public posts that name us, and public posts addressed to our account. Private posts appear nowhere:
        a desk must not have them."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for status in self.statuses.all():
            if status["desk"]:
                told["desk"].append(self._entry(status))
            place, reason = self._place(status)
            if place:
                told[place].append(self._entry(status) | ({"reason": reason} if reason else {}))
        return told

    def _place(self, status: Doc) -> tuple[str, str]:
        if status["visibility"] not in PUBLIC:
            return "", ""
        if status["author"].lower() in (*self.team(), DESK):
            return "ours", ""
        if status["gone"]:
            return "optional", "deleted"
        is_said_to_us = DESK in called(status["text"])
        is_found = status["visibility"] == "public" and _PHRASE.search(seen(status)) is not None
        return ("mentions", "") if is_said_to_us or is_found else ("optional", "context")

    def _entry(self, status: Doc) -> dict[str, Any]:
        return {
            "id": status["id"], "author": status["author"], "text": seen(status), "at": status["at"],
            "thread_id": status["root"], "in_reply_to": status["parent"] or None, "deleted": status["gone"],
            "visibility": status["visibility"], "liked": DESK in status["likes"], "kind": status["kind"],
        }  # fmt: skip

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            response = api.error(429, "Too many requests")
            response.headers |= {"X-RateLimit-Limit": str(api.LIMIT), "X-RateLimit-Remaining": "0"}
            return response
        if kind == "expired":
            return api.error(401, "The access token is invalid")
        return Response(b"<html><body><h1>We're sorry, but something went wrong on our end.</h1></body></html>", 503,
                        "text/html")  # fmt: skip


PLATFORM = Mastodon
