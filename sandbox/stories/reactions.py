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
    from sandbox.platforms.twitter.posts import Posts
    from sandbox.store import Doc
    from sandbox.universe import Universe

MAX_TURNS = 3
"""Maximum messages per customer and thread, so conversations end."""
_NOT_AGAIN = frozenset({"thanks", "spam", "look-alike", "aside"})


def _mood(random_: random.Random) -> str:
    """ "" is silence."""
    return random_.choice(("thanks", "thanks", "more", "more", ""))


def _delay_s(random_: random.Random) -> float:
    return random_.uniform(4, 25)


def to_tweet(universe: Universe, posts: Posts, tweet: Doc) -> None:
    """The desk tweeted: if it was a reply, the customer may react."""
    mood = _mood(universe.random)
    parent = posts.get(tweet["refs"][0]["id"]) if tweet["refs"] else None
    if not universe.reactions or not mood or parent is None or parent["kind"] in _NOT_AGAIN:
        return
    name = posts.username(parent["author_id"])
    mine = [
        t for t in posts.visible(posts.conversation[tweet["conversation_id"]]) if t["author_id"] == parent["author_id"]
    ]
    if name.lower() in HANDLES or len(mine) >= MAX_TURNS:
        return
    voice = Voice(name, name, "", "en", "plain")
    about = Subject(universe.random.choice(list(TOPICS)), parent["kind"], voice)
    act = tweets.follow_up(about, universe.random, parent=tweet["id"], key="", kind=mood)
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
