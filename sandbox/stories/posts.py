"""Conversations on post-based platforms: an opening that names Acme, a team answer, a follow-up."""

from __future__ import annotations

import random

from sandbox.base.acts import Act
from sandbox.stories import english
from sandbox.stories.grammar import expand
from sandbox.stories.topics import TOPICS
from sandbox.stories.voices import say, somebody

KINDS = ("question",) * 7 + ("bug",) * 5 + ("praise",) * 3 + ("criticism",) * 2 + ("comparison",) * 2 + ("idea",) * 2


def opening(random_: random.Random, platform: str, key: str, kind: str = "", author: str = "") -> Act:
    """A post with a title (`more["title"]`), its topic and its author's name; the text names Acme."""
    kind = kind if kind in english.COMMENTS else random_.choice(KINDS)
    topic, voice = random_.choice(list(TOPICS)), somebody(random_, "en")
    text = expand(random_.choice(english.COMMENTS[kind]), random_, TOPICS[topic], english.COMMON)
    text = say(voice, text[:1].upper() + text[1:], random_)
    thing = random_.choice(TOPICS[topic]["thing"])
    more = {"title": f"{_LEAD[kind]} {thing}"[:90], "topic": topic, "name": voice.name}
    return Act(platform, "post", author or voice.handle, text, key=key, kind=kind, more=more)


_LEAD = {
    "question": "Question about Acme and",
    "bug": "Acme: trouble with",
    "praise": "A word of praise for Acme's",
    "criticism": "What Acme should do about",
    "comparison": "Acme against the others:",
    "idea": "An idea for Acme's",
}


def answer(random_: random.Random, act: Act, author: str, key: str) -> Act:
    """The team's answer, from `author`."""
    rules = english.ANSWERS.get(act.kind) or english.ANSWERS["question"]
    text = expand(random_.choice(rules), random_, TOPICS[_topic(random_, act)], english.COMMON)
    return Act(act.platform, "post", author, text, key=key, parent=f"~{act.key}", by_team=True)


def follow_up(random_: random.Random, act: Act, *, parent: str, key: str) -> Act:
    """The author of `act` again."""
    kind = random_.choice(("thanks", "thanks", "more"))
    text = expand(random_.choice(english.FOLLOW_UPS[kind]), random_, TOPICS[_topic(random_, act)], english.COMMON)
    text = text[:1].upper() + text[1:]
    return Act(act.platform, "post", act.author, text, key=key, parent=parent, kind=kind, more=dict(act.more))


def _topic(random_: random.Random, act: Act) -> str:
    return str(act.more.get("topic") or random_.choice(list(TOPICS)))
