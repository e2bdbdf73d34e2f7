"""Mastodon: an instance with its API and public pages under /mastodon."""

from __future__ import annotations

import random
import re
from typing import Any

from sandbox.base.acts import Access, Act, Made, Timed
from sandbox.base.universe import Universe
from sandbox.platforms.mastodon import api, pages
from sandbox.platforms.mastodon.statuses import DESK, PUBLIC, Statuses, called, seen
from sandbox.store import Doc
from sandbox.talk import MAX_TURNS, Talk, names_us
from sandbox.wire.http import html_response

_ELSEWHERE = ("fosstodon.example", "hachy.example")


class Mastodon(Talk):
    name = "mastodon"
    title = pages.SECTION
    home = "/mastodon/"
    servers = (api.Api, pages.Pages)
    refusals = {
        "400": api.error(400, "Error occurred while parsing request parameters"),
        "404": api.error(404, "Record not found"),
        "429": api.error(429, "Too many requests", X_RateLimit_Limit=str(api.Api.limit), X_RateLimit_Remaining="0"),
        "500": html_response("<h1>We're sorry, but something went wrong on our end.</h1>", 503),
        "expired": api.error(401, "The access token is invalid"),
    }
    weight = 2
    own = (DESK,)
    post_kind = "md_status"

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.statuses = Statuses(universe.store, lambda: f"{universe.public_url}/mastodon")

    # --- acts -------------------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """Some are from other instances, some name us."""
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
        if act.verb == "retweet":
            status = self.existing(act.parent)
            return self.made(self.save({**status, "boosts": status["boosts"] + 1}))
        return super().perform(act)

    def posted(self, act: Act, at: float) -> Doc:
        """`more` may have `visibility`, `spoiler`, `alt` (of a picture) and `lang`."""
        parent = self.existing(act.parent) if act.parent else None
        more = {name: str(act.more[name]) for name in ("visibility", "spoiler", "alt", "lang") if name in act.more}
        return self.statuses.add(act.author, act.text, at=at, parent=parent, kind=act.kind, **more)

    def url(self, doc: Doc) -> str:
        return self.statuses.url(doc)

    def posted_by_desk(self, parent: Doc | None, text: str, visibility: str, lang: str) -> Doc:
        """A post created through the API; the person replied to may react."""
        at = self.universe.now()
        made = self.statuses.add(DESK, text, at=at, parent=parent, visibility=visibility, lang=lang, desk=True)
        if parent is not None:
            said = [s for s in self.statuses.all() if (s["root"], s["author"]) == (parent["root"], parent["author"])]
            if len(said) < MAX_TURNS:
                self.react(Act(self.name, "post", parent["author"], parent["text"], kind=parent["kind"]), made["id"])
        return made

    def access(self) -> Access:
        return Access(
            {"api_base": f"{self.universe.public_url}/mastodon", "phrases": ["Acme"], "hashtags": ["acme"]},
            {"access_token": api.TOKEN},
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def documents(self) -> list[Doc]:
        return self.statuses.all()

    def place(self, doc: Doc) -> tuple[str, str]:
        """Private posts appear nowhere: a desk must not have them."""
        return super().place(doc) if doc["visibility"] in PUBLIC else ("", "")

    def is_mention(self, doc: Doc) -> bool:
        """Public posts that name us, and posts addressed to our account."""
        return DESK in called(doc["text"]) or (doc["visibility"] == "public" and names_us(seen(doc)))

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": doc["id"], "author": doc["author"], "text": seen(doc), "at": doc["at"],
            "thread_id": doc["root"], "in_reply_to": doc["parent"] or None, "deleted": doc["gone"],
            "visibility": doc["visibility"], "liked": DESK in doc["likes"], "kind": doc["kind"],
        }  # fmt: skip


PLATFORM = Mastodon
