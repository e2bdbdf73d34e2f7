"""Hacker News conversations: stories, their comments, and comments that only look like mentions."""

from __future__ import annotations

import random

from sandbox.base.acts import Act
from sandbox.stories import english
from sandbox.stories.grammar import expand
from sandbox.stories.topics import TOPICS
from sandbox.stories.voices import somebody
from sandbox.world import EXPERTS

KINDS = ("question",) * 6 + ("bug",) * 4 + ("praise",) * 4 + ("criticism",) * 4 + ("comparison",) * 4 + ("idea",) * 2
HOUR = 3600.0


def expert_for(topic: str) -> str | None:
    return next((m.hackernews for m in EXPERTS if topic in m.topics and m.hackernews), None)


def _fill(rule: str, topic: str, random_: random.Random) -> str:
    return expand(rule, random_, TOPICS[topic], english.COMMON)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def mention(random_: random.Random, *, parent: str, key: str, kind: str = "", topic: str = "") -> tuple[str, Act]:
    """A comment that names Acme, and its topic."""
    kind = kind if kind in english.COMMENTS else random_.choice(KINDS)
    topic = topic or random_.choice(list(TOPICS))
    text = _capital(_fill(random_.choice(english.COMMENTS[kind]), topic, random_))
    author = somebody(random_, "en").handle
    return topic, Act("hackernews", "post", author, text, parent=parent, key=key, kind=kind, more={"topic": topic})


def second_thoughts(random_: random.Random, first: Act) -> list[tuple[float, Act]]:
    """Authors may edit or delete within two hours: (seconds after the comment, act)."""
    roll, parent = random_.random(), f"~{first.key}"
    if roll < 0.06:
        text = first.text + "\n\nEdit: " + random_.choice(("this is about the hosted version.", "typo.", "with 18.4."))
        return [(random_.uniform(60, 3000), Act("hackernews", "edit", first.author, text, parent=parent))]
    if roll < 0.09:
        return [(random_.uniform(60, 3000), Act("hackernews", "delete", first.author, parent=parent))]
    return []


def look_alike(random_: random.Random, *, parent: str, key: str) -> Act:
    """A comment that matches a prefix search but isn't a mention."""
    text = _fill(random_.choice(english.PREFIX_ONLY), random_.choice(list(TOPICS)), random_)
    return Act("hackernews", "post", somebody(random_, "en").handle, text, parent=parent, key=key, kind="look-alike")


def aside(random_: random.Random, *, parent: str, key: str) -> Act:
    """A comment unrelated to us."""
    text = _fill(random_.choice(english.OFF_TOPIC), random_.choice(list(TOPICS)), random_)
    return Act(
        "hackernews", "post", somebody(random_, "en").handle, _capital(text), parent=parent, key=key, kind="aside"
    )


def story(random_: random.Random, key: str, *, about_us: bool) -> Act:
    """A submission; an Ask HN has a text."""
    topic = random_.choice(list(TOPICS))
    title, url = random_.choice(english.STORIES if about_us else english.OTHER_STORIES)
    title = _fill(title, topic, random_)
    text = ""
    if not url:
        text = _fill(random_.choice(english.COMMENTS["question"]), topic, random_)
        if about_us and "acme" not in f"{title} {text}".lower():
            text += " We are on Acme today."
    more = {"title": title[:80], "url": _fill(url, topic, random_) if url else "", "topic": topic}
    kind = "story" if about_us else "aside"
    return Act("hackernews", "post", somebody(random_, "en").handle, text, key=key, kind=kind, more=more)


def answer(topic: str, random_: random.Random, *, parent: str, key: str) -> Act:
    """A team member answers from a personal account; some say where they work, some don't name the product."""
    author = expert_for(topic) or random_.choice(("samokafor", "marialq"))
    lead = random_.choice(("Acme engineer here. ", "I work on this at Acme. ", "Disclosure: Acme employee. ", "", ""))
    body = _fill(random_.choice(english.ANSWERS["question"] + english.ANSWERS["bug"]), topic, random_)
    return Act("hackernews", "post", author, lead + body, parent=parent, key=key, by_team=True)


def follow_up(topic: str, author: str, random_: random.Random, *, parent: str, key: str, kind: str = "") -> Act:
    kind = kind or random_.choice(("thanks", "more"))
    text = _capital(_fill(random_.choice(english.FOLLOW_UPS[kind]), topic, random_))
    return Act("hackernews", "post", author, text, parent=parent, key=key, kind=kind)


def busy_thread(random_: random.Random, key: str) -> list[tuple[float, Act]]:
    """A story with up to ten people asking at once: (seconds after the story, act), the story first."""
    first = story(random_, key, about_us=True)
    acts: list[tuple[float, Act]] = [(0.0, first)]
    for number in range(random_.randint(5, 10)):
        parent = f"~{key}" if number < 3 or random_.random() < 0.6 else f"~{key}/{random_.randrange(number)}"
        at = random_.uniform(0.05, 5) * HOUR + number * 60
        child = f"{key}/{number}"
        roll = random_.random()
        if roll < 0.72:
            acts.append((at, mention(random_, parent=parent, key=child)[1]))
        elif roll < 0.84:
            acts.append((at, look_alike(random_, parent=parent, key=child)))
        else:
            acts.append((at, aside(random_, parent=parent, key=child)))
    return sorted(acts, key=lambda pair: pair[0])
