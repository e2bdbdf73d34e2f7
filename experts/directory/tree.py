"""The tree of topics: stage → group → category. Pure but for `load`; tolerates cycles and missing parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from experts.models import Topic
from experts.models.directory import MAX_DEPTH


@dataclass(frozen=True, slots=True)
class Branch:
    """A topic at its depth (0 for a root), as a list shows it."""

    topic: Topic
    depth: int


def load() -> dict[int, Topic]:
    """All topics by id, with one query."""
    return {topic.pk: topic for topic in Topic.objects.all()}


def ascent(topic_id: int, topics: Mapping[int, Topic]) -> Iterator[Topic]:
    """The topic, its parent, and so on to the root."""
    seen: set[int] = set()
    at: int | None = topic_id
    while at is not None and at in topics and at not in seen and len(seen) < MAX_DEPTH:
        seen.add(at)
        yield topics[at]
        at = topics[at].parent_id


def fallback_of(topic_id: int, topics: Mapping[int, Topic]) -> Topic | None:
    """The team to ask if nobody in the topic can help: the topic's own fallback, else the nearest above."""
    found = (topics.get(above.fallback_id) for above in ascent(topic_id, topics) if above.fallback_id)
    return next((topic for topic in found if topic is not None and topic.pk != topic_id), None)


def channel_of(topic_id: int, topics: Mapping[int, Topic]) -> str:
    """The Slack channel of the topic, else of the nearest above; "" if none has one."""
    return next((above.slack_channel for above in ascent(topic_id, topics) if above.slack_channel), "")


def in_order(topics: Iterable[Topic]) -> list[Branch]:
    """Every topic exactly once, each below its parent, by name; stages before teams."""
    listed = sorted(topics, key=lambda topic: (topic.kind == Topic.Kind.TEAM, topic.name.lower(), topic.pk))
    known = {topic.pk for topic in listed}
    below: dict[int | None, list[Topic]] = {}
    for topic in listed:
        below.setdefault(topic.parent_id if topic.parent_id in known else None, []).append(topic)
    out: list[Branch] = []
    _grow(None, 0, below, out)
    placed = {branch.topic.pk for branch in out}
    return out + [Branch(topic, 0) for topic in listed if topic.pk not in placed]  # a circle


def _grow(parent: int | None, depth: int, below: Mapping[int | None, list[Topic]], out: list[Branch]) -> None:
    for topic in below.get(parent, []):
        out.append(Branch(topic, depth))
        _grow(topic.pk, depth + 1, below, out)
