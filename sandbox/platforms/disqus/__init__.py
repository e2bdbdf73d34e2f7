"""Disqus: comments on Acme's own pages. API under /disqus/api/3.0, the pages themselves under /disqus/pages."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Access, Act
from sandbox.platforms.disqus import pages
from sandbox.platforms.disqus.api import Api, failure
from sandbox.platforms.disqus.articles import ARTICLES, FORUMS, PLACES, THREADS
from sandbox.platforms.disqus.keys import API_KEY, API_SECRET, MODERATOR_TOKEN, token_of
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.world import ADVOCATES

FIRST_ID = 6_200_000_000
_LAST_WORD = ("thanks", "more")


class Disqus(Talk):
    name = "disqus"
    title = "Disqus"
    home = "/disqus/"
    servers = (Api, pages.Pages)
    refusals = {
        "400": failure(2, "Invalid argument"),
        "404": failure(1, "Endpoint not valid", 404),
        "429": failure(13, "You have exceeded the rate limit for this resource", 429, Retry_After="2"),
        "500": failure(15, "Internal server error", 500),
        "expired": failure(5, "Invalid API key", 401),
    }
    post_kind = "disqus_post"

    def thread_url(self, thread: str) -> str:
        forum, slug = PLACES[thread]
        return f"{self.universe.public_url}/disqus/pages/{forum}/{slug}"

    def posts(self) -> list[Doc]:
        """All posts, oldest first."""
        return sorted(self.store.all("disqus_post").values(), key=lambda p: (p["at"], p["id"]))

    def post(self, number: str) -> Doc | None:
        return self.find(number)

    def user(self, name: str, shown: str = "") -> Doc:
        known = self.store.get("disqus_user", name)
        if known is None:
            member = self.team().get(name.lower())
            known = {"id": str(self.store.next_number("disqus_user", 310_000)), "username": name}
            known["name"] = member.name if member else shown or name
            self.store.put("disqus_user", name, known)
        return known

    # --- acts -------------------------------------------------------------------------------------------------

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.save({**doc, "text": text, "edited": True})

    def removed(self, doc: Doc, at: float) -> Doc:
        return self.save({**doc, "deleted": True})

    def url(self, doc: Doc) -> str:
        return f"{self.thread_url(doc['thread'])}#comment-{doc['id']}"

    def posted(self, act: Act, at: float) -> Doc:
        """`more["to"]` is a forum or a thread; `pending`, `spam` and `guest` set the Disqus state."""
        parent = self.existing(act.parent) if act.parent else None
        chance = random.Random(f"{act.author} {act.text}")
        ours = act.author.lower() in self.team()
        marks = {
            "pending": bool(act.more.get("pending", not ours and chance.random() < 0.08)),
            "spam": bool(act.more.get("spam", False)),
            "guest": bool(act.more.get("guest", not ours and parent is None and chance.random() < 0.12)),
        }
        thread = parent["thread"] if parent else self._thread(str(act.more.get("to", "")), chance)
        shown = str(act.more.get("name", ""))
        return self.add(thread, act.author, act.text, at=at, parent=parent, kind=act.kind, shown=shown, **marks)

    def _thread(self, to: str, chance: random.Random) -> str:
        if to in PLACES:
            return to
        forum = to if to in FORUMS else chance.choice(list(FORUMS))
        return THREADS[forum, chance.choice(ARTICLES[forum])[0]]

    def add(
        self,
        thread: str,
        author: str,
        text: str,
        *,
        at: float,
        parent: Doc | None = None,
        kind: str = "",
        shown: str = "",
        desk: bool = False,
        **marks: bool,
    ) -> Doc:
        if not marks.get("guest"):
            self.user(author, shown)
        post: Doc = {
            "id": str(self.store.next_number("disqus_post", FIRST_ID)),
            "thread": thread,
            "parent": parent["id"] if parent else None,
            "author": author,
            "name": shown or author,
            "text": text,
            "at": at,
            "kind": kind,
            "desk": desk,
            "likes": [],
            "edited": False,
            "deleted": False,
            **{mark: marks.get(mark, False) for mark in ("pending", "spam", "guest")},
        }
        return self.save(post)

    def answered(self, post: Doc, parent: Doc | None) -> None:
        """The team replied; the asker may respond, some time later."""
        if parent is not None and parent["kind"] not in _LAST_WORD and not parent["guest"]:
            asked = Act(self.name, "post", parent["author"], parent["text"], kind=parent["kind"])
            self.react(asked, post["id"], chance=0.6, after_s=(20, 120))

    # --- for the desk -----------------------------------------------------------------------------------------

    def access(self) -> Access:
        return Access(
            {"api_base": f"{self.universe.public_url}/disqus/api/3.0", "forums": list(FORUMS)},
            {"api_key": API_KEY, "api_secret": API_SECRET, "access_token": MODERATOR_TOKEN},
            {forum: ({}, {}) for forum in FORUMS},
            {m.key: {"access_token": token_of(self.account(m) or m.key)} for m in ADVOCATES},
        )

    def documents(self) -> list[Doc]:
        return self.posts()

    def entry(self, doc: Doc) -> dict[str, Any]:
        forum, _ = PLACES[doc["thread"]]
        return {
            "id": doc["id"],
            "author": doc["name"] if doc["guest"] else doc["author"],
            "text": doc["text"],
            "at": doc["at"],
            "thread_id": doc["thread"],
            "in_reply_to": doc["parent"],
            "addressed": [forum],
            "status": "spam" if doc["spam"] else "pending" if doc["pending"] else "approved",
            "likes": doc["likes"],
            "deleted": doc["deleted"],
            "kind": doc["kind"],
        }


PLATFORM = Disqus
