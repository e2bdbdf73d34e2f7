"""How experts react to outreach in Slack: they acknowledge in the thread and answer on the platform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.base.acts import Act
from sandbox.stories import english
from sandbox.stories.grammar import expand
from sandbox.stories.topics import TOPICS
from sandbox.world import EXPERTS, SLACK_GROUPS, Member

if TYPE_CHECKING:
    from sandbox.base.universe import Universe
    from sandbox.store import Doc

_TWEET = re.compile(r"/twitter/web/\w+/status/(\d+)")
_ITEM = re.compile(r"/hn/web/(?:item|reply)\?id=(\d+)")
_PERSON = re.compile(r"<@(U\w+)>")
_GROUP = re.compile(r"<!subteam\^(S\w+)(?:\|[^>]*)?>")
ACKNOWLEDGED = ("On it 👀", "Thanks for the ping, I'll answer there.", "Will do in a minute.", "Happy to, looking now.")
SILENT = 0.15
"""Share of requests without any reaction."""


def to_slack(universe: Universe, message: Doc) -> None:
    """The desk posted to Slack: if the message links to a mention and there is an expert for it, they act after a
    while."""
    where = _mention(message["text"])
    expert = _expert(message)
    if not universe.reactions or where is None or expert is None or universe.random.random() < SILENT:
        return
    platform, mention_id = where
    account = expert.twitter if platform == "twitter" else expert.hackernews
    parent = f"{message['channel']}/{message['ts']}"
    note = Act("slack", "post", expert.key, universe.random.choice(ACKNOWLEDGED), parent=parent)
    universe.later(note, universe.random.uniform(6, 15))
    if account is None:
        return
    topic = next((t for t in expert.topics if t in TOPICS), universe.random.choice(list(TOPICS)))
    rules = english.ANSWERS["question"] + english.ANSWERS["bug"]
    text = expand(universe.random.choice(rules), universe.random, TOPICS[topic], english.COMMON)
    answer = Act(platform, "post", account, text, parent=mention_id, by_team=True)
    universe.later(answer, universe.random.uniform(20, 45))


def _mention(text: str) -> tuple[str, str] | None:
    if match := _TWEET.search(text):
        return "twitter", match[1]
    if match := _ITEM.search(text):
        return "hackernews", match[1]
    return None


def _expert(message: Doc) -> Member | None:
    return next(iter(notified(message["text"])), None)


def notified(text: str) -> list[Member]:
    """The experts whom a text notifies: people and groups by id. A plain `@name` or `@group` is only text:
    https://docs.slack.dev/messaging/formatting-message-text#mentioning-groups"""
    people, groups = set(_PERSON.findall(text)), set(_GROUP.findall(text))
    return [m for m in EXPERTS if m.slack_id in people or SLACK_GROUPS.get(m.slack_channel) in groups]
