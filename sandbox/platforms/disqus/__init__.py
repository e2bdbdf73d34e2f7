"""Disqus: comments on Acme's own pages. API under /disqus/api/3.0, the pages themselves under /disqus/pages."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.platforms.disqus import pages
from sandbox.platforms.disqus.api import Api
from sandbox.platforms.disqus.articles import ARTICLES, FORUMS, PLACES, THREADS
from sandbox.platforms.disqus.keys import API_KEY, API_SECRET, MODERATOR_TOKEN, token_of
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router, json_response
from sandbox.world import ADVOCATES

FIRST_ID = 6_200_000_000
_LAST_WORD = ("thanks", "more")


class Disqus(Talk):
    name = "disqus"
    title = "Disqus"
    home = "/disqus/"

    def register(self, router: Router) -> None:
        Api(self).register(router)
        pages.Pages(self).register(router)

    def thread_url(self, thread: str) -> str:
        forum, slug = PLACES[thread]
        return f"{self.universe.public_url}/disqus/pages/{forum}/{slug}"

    def posts(self) -> list[Doc]:
        """All, oldest first."""
        return sorted(self.store.all("disqus_post").values(), key=lambda p: (p["at"], p["id"]))

    def post(self, number: str) -> Doc | None:
        return self.store.get("disqus_post", number)

    def user(self, name: str, shown: str = "") -> Doc:
        known = self.store.get("disqus_user", name)
        if known is None:
            member = self.team().get(name.lower())
            known = {"id": str(self.store.next_number("disqus_user", 310_000)), "username": name}
            known["name"] = member.name if member else shown or name
            self.store.put("disqus_user", name, known)
        return known

    # --- what happens -----------------------------------------------------------------------------------------

    def perform(self, act: Act) -> Made:
        """`more["to"]` is a forum or a thread; `pending`, `spam` and `guest` set the Disqus state."""
        at = act.at or self.universe.now()
        if act.verb in ("edit", "delete"):
            post = self._existing(act.parent)
            changes = {"text": act.text, "edited": True} if act.verb == "edit" else {"deleted": True}
            post = {**post, **changes}
            self.store.put("disqus_post", post["id"], post)
        elif act.verb == "post":
            post = self._posted(act, at)
        else:
            raise Impossible(f"nobody does {act.verb} on Disqus")
        return Made(post["id"], f"{self.thread_url(post['thread'])}#comment-{post['id']}")

    def _existing(self, number: str) -> Doc:
        post = self.post(number)
        if post is None or post["deleted"]:
            raise Impossible(f"there is no comment {number}")
        return post

    def _posted(self, act: Act, at: float) -> Doc:
        parent = self._existing(act.parent) if act.parent else None
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
        self.store.put("disqus_post", post["id"], post)
        return post

    def react(self, post: Doc, parent: Doc | None) -> None:
        """The asker's response to a team reply, some time later."""
        chance = self.universe.random
        if parent is None or not self.universe.reactions or chance.random() < 0.4:
            return
        if parent["author"].lower() in self.team() or parent["kind"] in _LAST_WORD or parent["guest"]:
            return
        asked = Act(self.name, "post", parent["author"], parent["text"], kind=parent["kind"])
        self.universe.later(self.follow_up(chance, asked, parent=post["id"], key=""), chance.uniform(20, 120))

    # --- for the desk -----------------------------------------------------------------------------------------

    def access(self) -> Access:
        return Access(
            {"api_base": f"{self.universe.public_url}/disqus/api/3.0", "forums": list(FORUMS)},
            {"api_key": API_KEY, "api_secret": API_SECRET, "access_token": MODERATOR_TOKEN},
            {forum: ({}, {}) for forum in FORUMS},
            {m.key: {"access_token": token_of(self.account(m) or m.key)} for m in ADVOCATES},
        )

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Every comment on Acme's own pages is a mention."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for post in self.posts():
            if post["author"].lower() in self.team():
                told["ours"].append(self._entry(post))
            elif post["deleted"]:
                told["optional"].append({**self._entry(post), "reason": "deleted"})
            else:
                told["mentions"].append(self._entry(post))
            if post["desk"]:
                told["desk"].append(self._entry(post))
        return told

    def _entry(self, post: Doc) -> dict[str, Any]:
        forum, _ = PLACES[post["thread"]]
        return {
            "id": post["id"],
            "author": post["name"] if post["guest"] else post["author"],
            "text": post["text"],
            "at": post["at"],
            "thread_id": post["thread"],
            "in_reply_to": post["parent"],
            "addressed": [forum],
            "status": "spam" if post["spam"] else "pending" if post["pending"] else "approved",
            "likes": post["likes"],
            "deleted": post["deleted"],
            "kind": post["kind"],
        }

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            told = {"code": 13, "response": "You have exceeded the rate limit for this resource"}
            return json_response(told, 429, Retry_After="2")
        if kind == "expired":
            return json_response({"code": 5, "response": "Invalid API key"}, 401)
        return json_response({"code": 15, "response": "Internal server error"}, 500)


PLATFORM = Disqus
