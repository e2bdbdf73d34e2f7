"""Platforms with posts: openings, answers and follow-ups work the same on all of them."""

from __future__ import annotations

import random

from sandbox.base.acts import Act, Timed
from sandbox.base.platform import Platform
from sandbox.stories import posts
from sandbox.world import ADVOCATES, EXPERTS, Member


class Talk(Platform):
    """Writes the texts; the wire format is up to the subclass."""

    kinds = tuple(dict.fromkeys(posts.KINDS))
    weight = 1

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

    def team(self) -> dict[str, Member]:
        """Account → member, lower case."""
        return {
            account.lower(): member
            for member in (*ADVOCATES, *EXPERTS)
            if (account := self.account(member)) is not None
        }

    def _who_answers(self, random_: random.Random, act: Act) -> str:
        """Sometimes the expert in person, mostly an advocate."""
        known = [m for m in EXPERTS if act.more.get("topic") in m.topics]
        member = random_.choice(known) if known and random_.random() < 0.25 else random_.choice(ADVOCATES)
        return self.account(member) or member.key
