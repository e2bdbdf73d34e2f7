"""The generated history: several weeks of conversations with the team's answers, in time order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.base.acts import Act, Impossible
from sandbox.stories import comments, english, letters, plots, tweets
from sandbox.stories.grammar import expand
from sandbox.stories.topics import TOPICS
from sandbox.stories.voices import Voice

if TYPE_CHECKING:
    from sandbox.base.universe import Universe

HOUR, DAY = 3600.0, 86_400.0
PER_WEEKDAY, PER_WEEKEND_DAY = (48, 68), (18, 30)
"""Range of conversation starters per day; busy threads and follow-ups come on top."""
HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 8, 10, 10, 9, 8, 10, 11, 11, 10, 9, 8, 7, 6, 5, 3, 2)
"""Relative activity for each hour of the day (UTC)."""
COVERAGE = (8, 22)
"""Hours (UTC, Monday to Friday) in which somebody answers."""
UNSEEN_FOR = 4 * HOUR
OPEN_RECENT, OPEN_OLD = 7, 3
"""The maximum left unanswered from the last day, and from before."""


@dataclass
class Past:
    """The history being generated; `now` is where it ends (epoch seconds)."""

    now: float
    random: random.Random
    acts: list[Act] = field(default_factory=list)
    open_recent: int = 0
    open_old: int = 0
    stories: list[tuple[float, str]] = field(default_factory=list)
    others: plots.Others = field(default_factory=dict)

    def add(self, act: Act, at: float) -> None:
        if at < self.now:
            act.at = at
            self.acts.append(act)


def be_born(universe: Universe) -> int:
    """Write the history once per sandbox; returns its number of acts. An interrupted run starts again."""
    if universe.store.get("world", "history") is not None:
        return 0
    past = imagine(universe.born_at, universe.history_days, universe.seed, plots.others_of(universe.platforms))
    with universe.store.transaction():
        done = universe.perform_all(past)
        universe.store.put("world", "history", {"acts": done})
    return done


def imagine(now: float, days: int, seed: int, others: plots.Others | None = None) -> list[Act]:
    """All acts of the `days` before `now`, oldest first. Deterministic for the same arguments."""
    past = Past(now, random.Random(f"history {seed}"), others=others or {})
    for number, at in enumerate(_beginnings(past, days)):
        _conversation(past, f"h{number}", at)
    return sorted(past.acts, key=lambda act: act.at or 0)


def _beginnings(past: Past, days: int) -> list[float]:
    moments: list[float] = []
    first_day = datetime.fromtimestamp(past.now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    for back in range(days, -1, -1):
        midnight = first_day - back * DAY
        weekend = datetime.fromtimestamp(midnight, UTC).weekday() >= 5
        low, high = PER_WEEKEND_DAY if weekend else PER_WEEKDAY
        for hour in past.random.choices(range(24), HOURS, k=past.random.randint(low, high)):
            moments.append(midnight + hour * HOUR + past.random.uniform(0, HOUR))
    return sorted(m for m in moments if past.now - days * DAY <= m < past.now - 120)


def _conversation(past: Past, key: str, at: float) -> None:
    recent = [name for began, name in past.stories if at - began < 20 * HOUR]
    timed = plots.start(past.random, key, story=recent[-1] if recent else "", others=past.others)
    other = past.others.get(timed[0][1].platform)
    if other is not None and not other.answers_come_back and past.now - at > UNSEEN_FOR:
        return
    if timed[0][1].kind == "competitor" and past.random.random() < 0.8:
        return
    if timed[0][1].kind in ("spam", "forged") and timed[0][1].platform == "email":
        return  # caught by that day's spam filter
    if "title" in timed[0][1].more:
        past.stories.append((at, key))
    deleted = {act.parent for _, act in timed if act.verb == "delete"}
    for seconds, act in timed:
        moment = at + seconds
        past.add(act, moment)
        if act.kind == "spam" and act.platform == "twitter":
            # Spam accounts don't live long.
            past.add(Act("twitter", "delete", act.author, parent=f"~{act.key}"), moment + 1800)
        elif act.verb == "post" and f"~{act.key}" not in deleted and moment < past.now:
            _answer(past, act, moment)


def _answer(past: Past, act: Act, at: float) -> None:
    """The team's answer, the customer's follow-up, and the closing reply, each after a realistic delay."""
    if act.kind in ("automatic", "aside", "look-alike") or (act.kind == "spam"):
        return
    moment = answered_at(at, past.random)
    if moment >= past.now - 60:
        if past.open_recent < OPEN_RECENT and past.now - at < DAY and past.random.random() < 0.5:
            past.open_recent += 1
            return
        moment = at + (past.now - at) * past.random.uniform(0.3, 0.9)
    elif act.kind != "competitor" and past.open_old < OPEN_OLD and past.random.random() < 0.006:
        past.open_old += 1
        return
    try:
        reply = _reply(past, act)
    except Impossible:  # a platform without replies
        return
    past.add(reply, moment)
    if past.random.random() < 0.33:
        _more(past, act, reply, moment)


def _more(past: Past, act: Act, reply: Act, at: float) -> None:
    back = at + past.random.lognormvariate(0, 0.9) * HOUR
    closing = answered_at(back, past.random)
    if closing >= past.now - 60:
        return
    try:
        again = _follow_up(past, act, parent=f"~{reply.key}", key=f"{act.key}/f")
    except Impossible:
        return
    past.add(again, back)
    past.add(_last_word(past, act, again, author=reply.author), closing)


def _reply(past: Past, act: Act) -> Act:
    if act.platform in past.others:
        return past.others[act.platform].answer(past.random, act, f"{act.key}/a")
    if act.platform == "twitter":
        return tweets.answer(_about(past, act), act, past.random)
    if act.platform == "hackernews":
        topic = act.more.get("topic") or past.random.choice(list(TOPICS))
        return comments.answer(topic, past.random, parent=f"~{act.key}", key=f"{act.key}/a")
    return letters.answer(str(act.more.get("name") or "there"), past.random, parent=f"~{act.key}", key=f"{act.key}/a")


def _about(past: Past, act: Act) -> tweets.Subject:
    topic = act.more.get("topic") or past.random.choice(list(TOPICS))
    return tweets.Subject(topic, act.kind or "bug", Voice(act.author, act.author, "", "en", "plain"))


def _follow_up(past: Past, act: Act, *, parent: str, key: str) -> Act:
    if act.platform in past.others:
        return past.others[act.platform].follow_up(past.random, act, parent=parent, key=key)
    if act.platform == "twitter":
        return tweets.follow_up(_about(past, act), past.random, parent=parent, key=key)
    if act.platform == "hackernews":
        topic = act.more.get("topic") or past.random.choice(list(TOPICS))
        return comments.follow_up(topic, act.author, past.random, parent=parent, key=key)
    return letters.follow_up(act.author, str(act.more.get("name", "")), past.random, parent=parent, key=key)


def _last_word(past: Past, act: Act, again: Act, *, author: str) -> Act:
    rules = english.ANSWERS["question"] if again.kind == "more" else LAST_WORDS
    text = expand(past.random.choice(rules), past.random, TOPICS[past.random.choice(list(TOPICS))], english.COMMON)
    return Act(act.platform, "post", author, text, key=f"{again.key}/a", parent=f"~{again.key}", by_team=True)


LAST_WORDS = (
    "You're welcome!",
    "Any time {emoji}",
    "Glad that it works!",
    "Great, thanks for telling us {emoji}",
    "Happy to hear that. {emoji}",
    "Perfect. Have fun with {thing}!",
)


def answered_at(at: float, random_: random.Random) -> float:
    """When a mention posted at `at` gets its answer: after some work, during staffed hours (seldom outside)."""
    moment = at + random_.lognormvariate(0.75, 0.85) * HOUR
    if random_.random() < 0.12:
        return moment
    for _ in range(4):
        then = datetime.fromtimestamp(moment, UTC)
        if then.weekday() >= 5:
            if random_.random() < 0.3 and COVERAGE[0] <= then.hour < COVERAGE[1]:
                return moment
            moment += (COVERAGE[0] + 24 - then.hour) * HOUR * random_.uniform(0.8, 1.1)
        elif then.hour < COVERAGE[0]:
            moment += (COVERAGE[0] - then.hour) * HOUR + random_.uniform(0, 1.5) * HOUR
        elif then.hour >= COVERAGE[1]:
            moment += (24 - then.hour + COVERAGE[0]) * HOUR + random_.uniform(0, 1.5) * HOUR
        else:
            return moment
    return moment
