"""Platforms with posts: openings, answers, follow-ups and what happens to a post work the same on all of them."""

from __future__ import annotations

import random
import re
from functools import cached_property

from sandbox.base.acts import Act, Impossible, Made, Timed
from sandbox.base.platform import Platform
from sandbox.store import Doc
from sandbox.stories import posts
from sandbox.world import ADVOCATES, EXPERTS, PHRASES, Member

_PHRASE = re.compile(rf"\b(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)
MAX_TURNS = 3
"""How often a customer writes in one conversation at most, so that it ends."""


def names_us(*texts: str) -> bool:
    """One of the company's phrases as a whole word."""
    return any(_PHRASE.search(text) for text in texts)


def is_gone(doc: Doc) -> bool:
    return bool(doc.get("gone") or doc.get("deleted"))


class Talk(Platform):
    """Writes the texts and keeps the posts; the wire format is up to the subclass.

    Posts are documents of the store, with `author`, `text`, and `gone` or `deleted`.
    """

    kinds = tuple(dict.fromkeys(posts.KINDS))
    weight = 1
    own: tuple[str, ...] = ()
    """Accounts of the desk's connection, lower case."""
    post_kind = ""
    """The kind of the posts' documents in the store, if there is one kind."""

    # --- what is said ------------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """`to` becomes `more["to"]`: the subreddit, forum, project, room … to post in."""
        act = posts.opening(random_, self.name, key, kind, author)
        if to:
            act.more["to"] = to
        return [(0.0, act)]

    def answer(self, random_: random.Random, act: Act, key: str) -> Act:
        return posts.answer(random_, act, self._who_answers(random_, act), key)

    def follow_up(self, random_: random.Random, act: Act, *, parent: str, key: str) -> Act:
        return posts.follow_up(random_, act, parent=parent, key=key)

    def react(self, asked: Act, parent: str, *, chance: float = 0.7, after_s: tuple[float, float] = (4, 25)) -> None:
        """Perhaps, and some time later, the author of `asked` writes again, below `parent`: the team's answer."""
        chances = self.universe.random
        if self.universe.reactions and asked.author.lower() not in self.ours() and chances.random() < chance:
            asked.kind = asked.kind or "question"
            self.universe.later(self.follow_up(chances, asked, parent=parent, key=""), chances.uniform(*after_s))

    # --- who -----------------------------------------------------------------------------------------------------

    @cached_property
    def _team(self) -> dict[str, Member]:
        pairs = ((self.account(member), member) for member in (*ADVOCATES, *EXPERTS))
        return {account.lower(): member for account, member in pairs if account is not None}

    def team(self) -> dict[str, Member]:
        """Account → member, lower case."""
        return self._team

    def ours(self) -> set[str]:
        """The team's accounts and the desk's, lower case."""
        return {*self._team, *self.own}

    def _who_answers(self, random_: random.Random, act: Act) -> str:
        """Sometimes the expert in person, mostly an advocate."""
        known = [m for m in EXPERTS if act.more.get("topic") in m.topics]
        member = random_.choice(known) if known and random_.random() < 0.25 else random_.choice(ADVOCATES)
        return self.account(member) or member.key

    # --- what happens to posts -------------------------------------------------------------------------------------

    def find(self, ref: str) -> Doc | None:
        return self.store.get(self.post_kind, ref)

    def existing(self, ref: str) -> Doc:
        """A post that isn't deleted. Raises Impossible."""
        doc = self.find(ref)
        if doc is None or is_gone(doc):
            raise Impossible(f"there is nothing called {ref} on {self.name}")
        return doc

    def perform(self, act: Act) -> Made:
        at = act.at or self.universe.now()
        if act.verb == "post":
            return self.made(self.posted(act, at))
        if act.verb == "edit":
            return self.made(self.edited(self.existing(act.parent), act.text, at))
        if act.verb == "delete":
            return self.made(self.removed(self.existing(act.parent), at))
        raise Impossible(f"nobody does {act.verb} on {self.name}")

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
        """Its public page."""
        return f"{self.universe.public_url}{self.home}"

    # --- what a perfect desk would know ----------------------------------------------------------------------------

    def documents(self) -> list[Doc]:
        return list(self.store.all(self.post_kind).values())

    def place(self, doc: Doc) -> tuple[str, str]:
        if doc["author"].lower() in self.ours():
            return "ours", ""
        if is_gone(doc):
            return "optional", "deleted"
        return ("mentions", "") if self.is_mention(doc) else ("optional", "context")

    def is_mention(self, doc: Doc) -> bool:
        """Whether the desk must bring a customer's post in."""
        return True

    # --- pages -----------------------------------------------------------------------------------------------------

    def people(self) -> list[tuple[str, str]]:
        """(account, label) of whoever answers on the pages."""
        return [(account, f"{account} · {m.name}, {m.role}") for account, m in self.team().items()]
