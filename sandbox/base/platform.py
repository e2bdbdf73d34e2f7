"""The base class of the sandbox's platforms.

It stores, edits and deletes posts, takes answers from the pages, and sorts everything for `truth`. A platform where
people talk about us subclasses `sandbox.talk.Talk`, which also writes the texts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.base.acts import Access, Act, Impossible, Made, Signed, Timed
from sandbox.pages.elements import missing
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response, redirect
from sandbox.world import Member

if TYPE_CHECKING:
    from sandbox.base.universe import Universe


def is_gone(doc: Doc) -> bool:
    return bool(doc.get("gone") or doc.get("deleted"))


class Platform:
    """One platform. A module or package in `sandbox/platforms/` exports it as `PLATFORM`."""

    name = ""
    title: ClassVar[str] = ""
    """Menu entry; none if empty."""
    home: ClassVar[str] = "/"
    """Path of its first public page."""
    servers: ClassVar[tuple[Callable[[Any], Any], ...]] = ()
    """Its API and its pages: constructed with the platform, they `register` their routes."""
    kinds: ClassVar[tuple[str, ...]] = ()
    """The kinds of posts that the control page offers; none if empty."""
    weight: ClassVar[int] = 0
    """How often conversations start here: this many for every twenty on Twitter, Hacker News and by mail."""

    refusals: ClassVar[Mapping[str, Response]] = {}
    """Its error responses: 400 (an unreadable body), 404 (an unknown path), 429, 500 and expired (a token that is no
    longer valid)."""
    answers_come_back: ClassVar[bool] = True
    """Whether the desk sees the team's answers here; if not, the history leaves nothing waiting for one."""

    post_kind = ""
    """The kind of the posts' documents in the store, if there is one kind. Deleted ones have `gone` or `deleted`."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.store = universe.store

    def register(self, router: Router) -> None:
        """Add API routes (with the platform's name, so faults apply to them) and public pages (without)."""
        for server in self.servers:
            server(self).register(router)

    # --- posts: created, edited, deleted ---------------------------------------------------------------------------

    def find(self, ref: str) -> Doc | None:
        return self.store.get(self.post_kind, ref)

    def existing(self, ref: str) -> Doc:
        """A post that isn't deleted. Raises Impossible."""
        doc = self.find(ref)
        if doc is None or is_gone(doc):
            raise Impossible(f"there is no post {ref} on {self.name}")
        return doc

    def perform(self, act: Act) -> Made:
        """Perform an act durably. Raises Impossible."""
        at = act.at or self.universe.now()
        if act.verb == "post":
            return self.made(self.posted(act, at))
        if act.verb == "edit":
            return self.made(self.edited(self.existing(act.parent), act.text, at))
        if act.verb == "delete":
            return self.made(self.removed(self.existing(act.parent), at))
        raise Impossible(f"not supported: {act.verb} on {self.name}")

    def posted(self, act: Act, at: float) -> Doc:
        """Stores a new post, at `at` (epoch seconds). Raises Impossible."""
        raise Impossible(f"nobody posts on {self.name}")

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.save({**doc, "text": text, "edited": at})

    def removed(self, doc: Doc, at: float) -> Doc:
        return self.save({**doc, "gone": True})

    def save(self, doc: Doc) -> Doc:
        self.store.put(self.post_kind, str(doc["id"]), doc)
        return doc

    def made(self, doc: Doc) -> Made:
        return Made(str(doc["id"]), self.url(doc))

    def url(self, doc: Doc) -> str:
        """The post's public page."""
        return f"{self.universe.public_url}{self.home}"

    # --- truth -------------------------------------------------------------------------------------------------

    def documents(self) -> list[Doc]:
        """All posts, for `truth`."""
        return list(self.store.all(self.post_kind).values())

    def place(self, doc: Doc) -> tuple[str, str]:
        """The post's list in `truth` ("": none), and the reason if it is optional."""
        return "mentions", ""

    def entry(self, doc: Doc) -> dict[str, Any]:
        """A document as listed in `truth`: at least `id`, `author`, `text`."""
        return doc

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """`mentions`: what a perfect desk has stored. `optional`: what it may have stored (since deleted, or only a
        mention as part of a conversation with us), each with a `reason`. `ours`: written by the team on the platform.
        `desk`: what the desk posted through the API, in order, with proof that it arrived once."""
        lists: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for doc in self.documents():
            place, reason = self.place(doc)
            if doc.get("desk") and place != "desk":
                lists["desk"].append(self.entry(doc))
            if place:
                lists[place].append(self.entry(doc) | ({"reason": reason} if reason else {}))
        return lists

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    # --- conversations -----------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """A conversation starter, with its context. Raises Impossible if none start here."""
        raise Impossible(f"nothing begins on {self.name}")

    def answer(self, random_: random.Random, act: Act, key: str) -> Act:
        """The team's answer to `act`, on the platform itself."""
        raise Impossible(f"nobody answers on {self.name}")

    def follow_up(self, random_: random.Random, act: Act, *, parent: str, key: str) -> Act:
        """The author of `act` responds to an answer."""
        raise Impossible(f"nobody asks on {self.name}")

    def account(self, member: Member) -> str | None:
        """A team member's account here; None if they have none."""
        return {"twitter": member.twitter, "hackernews": member.hackernews}.get(self.name, member.key)

    def access(self) -> Access:
        """The settings for a desk's connection. All addresses start with `self.universe.public_url`."""
        return Access()

    def tell(self, signed: Signed) -> None:
        """Call this platform's webhook, if one is set, once the running transaction is on disk."""
        self.universe.webhooks.call(self.name, signed)

    def overrun(self) -> None:
        """Count a request made after the quota was used up. Call it for refusals other than 429, which is counted
        automatically."""
        self.universe.overruns[self.name] = self.universe.overruns.get(self.name, 0) + 1

    def by_hand(self, request: Request) -> Response:
        """An answer from a page's form: `as`, `text`, and `id` (or `parent`) of what it answers."""
        form: dict[str, Any] = request.form()
        act = Act(self.name, "post", form.get("as", ""), form.get("text", ""), by_team=True)
        act.parent = form.get("id") or form.get("parent") or ""
        if "thread" in form:
            act.more["to"] = form["thread"]
        return self.acted(act)

    def acted(self, act: Act) -> Response:
        """Performs a page's form: redirects to the result, or shows a page with the reason why not."""
        try:
            return redirect(self.universe.perform(act).url)
        except Impossible as problem:
            return missing(str(problem), self.title)

    def refusal(self, kind: str) -> Response:
        """One of `refusals`, for this request alone."""
        status = 401 if kind == "expired" else int(kind)
        known = self.refusals.get(kind) or json_response({"error": kind}, status)
        return replace(known, headers={**known.headers})

    def start(self) -> None:
        """Open non-HTTP sockets, if any."""

    def stop(self) -> None: ...
