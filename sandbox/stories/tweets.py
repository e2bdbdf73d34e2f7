"""Conversations on Twitter."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sandbox.base.acts import Act
from sandbox.stories import english, languages
from sandbox.stories.grammar import expand
from sandbox.stories.topics import TOPICS
from sandbox.stories.voices import Voice, say, somebody
from sandbox.world import EXPERTS, HANDLES, MAIN_HANDLE

KINDS = (
    ("question",) * 20
    + ("bug",) * 14
    + ("praise",) * 14
    + ("outage",) * 6
    + ("moving",) * 6
    + ("idea",) * 5
    + ("criticism",) * 5
    + ("competitor",) * 4
    + ("spam",) * 4
    + ("long",) * 2
    + ("report_spam",) * 2
    + ("hostile",)
)
UNANSWERED = frozenset({"spam", "competitor"})
"""Kinds the team ignores."""
MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True)
class Subject:
    """The subject of a conversation."""

    topic: str
    kind: str
    voice: Voice


def expert_for(topic: str) -> str | None:
    """Twitter account of the expert for a topic."""
    return next((m.twitter for m in EXPERTS if topic in m.topics and m.twitter), None)


def handle_for(kind: str, random_: random.Random) -> str:
    """The handle somebody would mention; sometimes the wrong one, or several."""
    roll = random_.random()
    if kind == "moving":
        main = "movingtoacme" if roll < 0.7 else MAIN_HANDLE
    elif kind == "outage":
        main = "acmestatus" if roll < 0.55 else MAIN_HANDLE
    else:
        main = "acmesupport" if roll < 0.12 else "acmestatus" if roll < 0.14 else MAIN_HANDLE
    if random_.random() < 0.09:
        other = random_.choice([h for h in HANDLES if h != main])
        return f"@{main} @{other}"
    return f"@{main}"


def text_of(subject: Subject, to: str, random_: random.Random) -> str:
    """The text of an opening tweet."""
    by_kind = languages.TWEETS.get(subject.voice.lang, {}) if subject.voice.lang != "en" else {}
    rules = by_kind.get(subject.kind) or english.TWEETS[subject.kind]
    text = expand(random_.choice(rules), random_, {"to": (to,)}, TOPICS[subject.topic], languages.RULES, english.COMMON)
    return say(subject.voice, text, random_)


def subject(random_: random.Random, kind: str = "") -> Subject:
    kind = kind or random_.choice(KINDS)
    lang = None if kind in ("question", "praise", "bug") else "en"
    return Subject(random_.choice(list(TOPICS)), kind, somebody(random_, lang))


def opening(random_: random.Random, key: str, kind: str = "", to: str = "") -> tuple[Subject, Act]:
    """The author and the first tweet."""
    about = subject(random_, kind)
    named = f"@{to.lstrip('@')}" if to else handle_for(about.kind, random_)
    more = {"lang": about.voice.lang, "name": about.voice.name, "source": random_.choice(SOURCES), "topic": about.topic}
    text = text_of(about, named, random_)
    return about, Act("twitter", "post", about.voice.handle, text, key=key, kind=about.kind, more=more)


SOURCES = ("Twitter Web App", "Twitter for iPhone", "Twitter for Android", "TweetDeck")


def around(about: Subject, first: Act, random_: random.Random) -> list[tuple[float, Act]]:
    """Other people's acts around a tweet: (seconds after it, act)."""
    acts: list[tuple[float, Act]] = []
    me, key = about.voice.handle, first.key
    roll = random_.random()
    if roll < 0.05:
        text = first.text.replace("  ", " ") + random_.choice((" (edit: typo)", " EDIT: it's on 18.4", " #acme"))
        acts.append((random_.uniform(2, 25) * MINUTE, Act("twitter", "edit", me, text, parent=f"~{key}")))
    elif roll < 0.08:
        acts.append((random_.uniform(5, 90) * MINUTE, Act("twitter", "delete", me, parent=f"~{key}")))
    elif roll < 0.18:
        fan = somebody(random_, "en")
        acts.append((random_.uniform(3, 200) * MINUTE, Act("twitter", "retweet", fan.handle, parent=f"~{key}")))
    elif roll < 0.24:
        bystander = somebody(random_, "en")
        text = expand(random_.choice(english.ME_TOO), random_, TOPICS[about.topic], english.COMMON)
        acts.append(
            (
                random_.uniform(3, 100) * MINUTE,
                Act("twitter", "post", bystander.handle, text, key=f"{key}/b", parent=f"~{key}"),
            )
        )
    return acts


def answer(about: Subject, first: Act, random_: random.Random) -> Act:
    """The team's answer: mostly from the handle that was mentioned, sometimes by an expert in person."""
    expert = expert_for(about.topic)
    if about.kind in ("question", "bug", "criticism", "idea", "long") and expert and random_.random() < 0.22:
        author = expert
    else:
        named = [w.lstrip("@").rstrip("?,.!:").lower() for w in first.text.split() if w.startswith("@")]
        ours = [name for name in named if name in HANDLES] or [MAIN_HANDLE]
        author = "acmestatus" if about.kind == "outage" and "acmestatus" in ours else ours[0]
        if MAIN_HANDLE in ours and author != "acmestatus":
            author = MAIN_HANDLE
    kind = about.kind if about.kind in english.ANSWERS else "question" if about.kind != "criticism" else "bug"
    text = expand(random_.choice(english.ANSWERS[kind]), random_, TOPICS[about.topic], english.COMMON)
    return Act("twitter", "post", author, text, key=f"{first.key}/a", parent=f"~{first.key}", by_team=True)


def follow_up(about: Subject, random_: random.Random, *, parent: str, key: str, kind: str = "") -> Act:
    """The customer responds to an answer (`parent`: an id, or ~key)."""
    kind = kind or random_.choice(("thanks", "thanks", "more"))
    text = expand(random_.choice(english.FOLLOW_UPS[kind]), random_, TOPICS[about.topic], english.COMMON)
    return Act("twitter", "post", about.voice.handle, text, key=key, parent=parent, kind=kind)
