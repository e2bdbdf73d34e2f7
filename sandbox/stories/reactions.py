"""How customers react to a team answer: thanks, another question, or silence."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from sandbox.stories import comments, letters, tweets
from sandbox.stories.topics import TOPICS
from sandbox.stories.tweets import Subject
from sandbox.stories.voices import Voice
from sandbox.world import HANDLES, OWN_HACKERNEWS

if TYPE_CHECKING:
    from sandbox.base.universe import Universe
    from sandbox.store import Doc

MAX_TURNS = 3
"""Maximum messages per customer and thread, so conversations end."""
_NOT_AGAIN = frozenset({"thanks", "spam", "look-alike", "aside"})


def _mood(random_: random.Random) -> str:
    """ "" is silence."""
    return random_.choice(("thanks", "thanks", "more", "more", ""))


def _delay_s(random_: random.Random) -> float:
    return random_.uniform(4, 25)


def to_tweet(universe: Universe, tweet_id: str, parent: Doc | None, customer: str, turns: int) -> None:
    """The desk tweeted: if it was a reply, the customer, who tweeted `turns` times so far, may react."""
    mood = _mood(universe.random)
    if not universe.reactions or not mood or parent is None or parent["kind"] in _NOT_AGAIN:
        return
    if customer.lower() in HANDLES or turns >= MAX_TURNS:
        return
    voice = Voice(customer, customer, "", "en", "plain")
    about = Subject(universe.random.choice(list(TOPICS)), parent["kind"], voice)
    act = tweets.follow_up(about, universe.random, parent=tweet_id, key="", kind=mood)
    universe.later(act, _delay_s(universe.random))


def to_comment(universe: Universe, item: Doc, parent: Doc) -> None:
    """A team member commented on Hacker News."""
    mood = _mood(universe.random)
    if not universe.reactions or not mood or parent["kind"] in _NOT_AGAIN or parent["by"] in OWN_HACKERNEWS:
        return
    topic = universe.random.choice(list(TOPICS))
    act = comments.follow_up(topic, parent["by"], universe.random, parent=str(item["id"]), key="", kind=mood)
    universe.later(act, _delay_s(universe.random))


def to_mail(universe: Universe, mail_key: str, customer: str, name: str, turns: int) -> None:
    """The desk's mail reached a customer's mailbox."""
    mood = _mood(universe.random)
    if not universe.reactions or not mood or turns >= MAX_TURNS:
        return
    act = letters.follow_up(customer, name, universe.random, parent=mail_key, key="", kind=mood)
    universe.later(act, _delay_s(universe.random))
