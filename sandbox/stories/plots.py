"""Whole conversations: each call starts one."""

from __future__ import annotations

import random
from collections.abc import Mapping

from sandbox.base.acts import Act, Timed
from sandbox.base.platform import Platform
from sandbox.stories import comments, english, letters, tweets
from sandbox.stories.topics import TOPICS

Others = Mapping[str, Platform]
"""Platforms that generate their own openings."""
PLATFORMS = ("twitter",) * 11 + ("hackernews",) * 4 + ("email",) * 5


def others_of(platforms: Mapping[str, Platform]) -> Others:
    """Platforms whose openings aren't written in this module."""
    return {name: platform for name, platform in platforms.items() if name not in PLATFORMS and platform.kinds}


def single(random_: random.Random, platform: str, key: str, *, kind: str = "", to: str = "", author: str = "") -> Act:
    """One isolated mention. On Hacker News it is an Ask HN, which needs no parent."""
    if platform == "twitter":
        act = tweets.opening(random_, key, kind if kind in english.TWEETS else "", to)[1]
    elif platform == "hackernews":
        topic, act = comments.mention(random_, parent="", key=key, kind=kind)
        act.more["title"] = f"Ask HN: Acme and {random_.choice(TOPICS[topic]['thing'])}?"
    else:
        act = letters.letter(random_, key, kind, to, author)[1]
    act.author = author or act.author
    return act


def one_of_many(random_: random.Random, platform: str, story: str, others: Others) -> Act:
    """One mention of a flood: like `single`, but on Hacker News mostly below `story` (an id, or "")."""
    if platform in others:
        return others[platform].opening(random_, "")[0][1]
    if platform == "hackernews" and story and random_.random() < 0.9:
        return comments.mention(random_, parent=story, key="")[1]
    return single(random_, platform, "")


def start(random_: random.Random, key: str, *, story: str = "", others: Others | None = None) -> Timed:
    """A new conversation with its surroundings. `story`: key of a Hacker News story that may be commented on."""
    more = [name for name, other in (others or {}).items() for _ in range(other.weight)]
    platform = random_.choice([*PLATFORMS, *more])
    if others and platform in others:
        return others[platform].opening(random_, key)
    if platform == "twitter":
        about, first = tweets.opening(random_, key)
        return [(0.0, first), *tweets.around(about, first, random_)]
    if platform == "email":
        roll = random_.random()
        if roll < 0.1:
            return [(0.0, letters.noise(random_, key))]
        if roll < 0.13:
            return [(0.0, letters.forwarded(random_, key))]
        return [(0.0, letters.forged(random_, key) if roll < 0.14 else letters.letter(random_, key)[1])]
    return _on_hackernews(random_, key, story)


def _on_hackernews(random_: random.Random, key: str, story: str) -> Timed:
    roll = random_.random()
    if story and roll < 0.62:
        first = comments.mention(random_, parent=f"~{story}", key=key)[1]
        return [(0.0, first), *comments.second_thoughts(random_, first)]
    if story and roll < 0.72:
        return [(0.0, comments.look_alike(random_, parent=f"~{story}", key=key))]
    if roll < 0.78:
        return comments.busy_thread(random_, key)
    first = comments.story(random_, key, about_us=roll > 0.9)
    acts: Timed = [(0.0, first)]
    for number in range(random_.randint(1, 4)):
        child = f"{key}/{number}"
        made = (
            comments.mention(random_, parent=f"~{key}", key=child)[1]
            if number == 0
            else comments.aside(random_, parent=f"~{key}", key=child)
        )
        acts.append((random_.uniform(60, 3 * 3600), made))
    return sorted(acts, key=lambda pair: pair[0])
