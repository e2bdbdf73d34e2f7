"""Platforms where people talk about us: openings, answers and follow-ups work the same on all of them."""

from __future__ import annotations

import random
import re
from functools import cached_property

from sandbox.base.acts import Act, Timed
from sandbox.base.platform import Platform, is_gone
from sandbox.store import Doc
from sandbox.stories import posts
from sandbox.world import ADVOCATES, EXPERTS, PHRASES, Member

_PHRASE = re.compile(rf"\b(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)
MAX_TURNS = 3
"""The maximum number of posts by a customer in one conversation, so that it ends."""


def names_us(*texts: str) -> bool:
    """One of the company's phrases as a whole word."""
    return any(_PHRASE.search(text) for text in texts)


class Talk(Platform):
    """Writes the texts, and knows whose posts are ours; the wire format is up to the subclass.

    Posts have an `author`.
    """

    kinds = tuple(dict.fromkeys(posts.KINDS))
    weight = 1
    own: tuple[str, ...] = ()
    """Accounts of the desk's connection, lower case."""

    # --- posts -------------------------------------------------------------------------------------------------

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
        """The author of `asked` may write again some time later, below `parent`, the team's answer."""
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
        """Mostly an advocate, sometimes the expert in person."""
        known = [m for m in EXPERTS if act.more.get("topic") in m.topics]
        member = random_.choice(known) if known and random_.random() < 0.25 else random_.choice(ADVOCATES)
        return self.account(member) or member.key

    # --- truth -----------------------------------------------------------------------------------------------------

    def place(self, doc: Doc) -> tuple[str, str]:
        if doc["author"].lower() in self.ours():
            return "ours", ""
        if is_gone(doc):
            return "optional", "deleted"
        return ("mentions", "") if self.is_mention(doc) else ("optional", "context")

    def is_mention(self, doc: Doc) -> bool:
        """Whether a desk must have this customer's post."""
        return True

    # --- pages -----------------------------------------------------------------------------------------------------

    def people(self) -> list[tuple[str, str]]:
        """(account, label) of whoever answers on the pages."""
        return [(account, f"{account} · {m.name}, {m.role}") for account, m in self.team().items()]
