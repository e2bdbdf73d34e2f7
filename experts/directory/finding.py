"""Who could answer this: topics whose keywords stand in the conversation, and the people who know them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Q, QuerySet

from experts.models import Expert, Topic


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic with the words that spoke for it and its experts who are there today."""

    topic: Topic
    words: Sequence[str]
    experts: Sequence[Expert]


@dataclass(frozen=True, slots=True)
class Known:
    """A topic as the desk's pages need it."""

    pk: int
    name: str
    keywords: tuple[str, ...]


@lru_cache(maxsize=8)
def known(listed: str) -> tuple[Known, ...]:
    """[[id, name, [keyword, ...]], ...] as JSON → topics. Kept by what it says, so that it is never out of date."""
    return tuple(Known(pk, name, tuple(words)) for pk, name, words in json.loads(listed))


def topics_in(text: str, topics: Iterable[Known], most: int) -> list[Known]:
    """Those whose keywords stand in the text, most matching words first. Pure."""
    scored = [(topic, len(matching_words(topic.keywords, text))) for topic in topics]
    best = sorted((pair for pair in scored if pair[1]), key=lambda pair: -pair[1])
    return [topic for topic, _count in best[:most]]


def matching_words(keywords: Iterable[str], text: str) -> list[str]:
    """The keywords that stand in the text as whole words, in any case. Pure."""
    lowered = text.lower()
    # Looking for the letters first is a hundred times cheaper than a pattern, and nearly always enough to say no.
    return [word for word in keywords if word.lower() in lowered and _pattern(word).search(text)]


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)


def present(day: date) -> QuerySet[Expert]:
    """Experts who are not away on that day."""
    return Expert.objects.filter(is_active=True).filter(Q(absent_until__isnull=True) | Q(absent_until__lt=day))


def suggestions(text: str, day: date, most: int = 4) -> list[Suggestion]:
    """Topics for a conversation, those with the most matching words first. Three queries, however many topics."""
    scored = [(topic, matching_words(topic.keywords, text)) for topic in Topic.objects.exclude(keywords=[])]
    best = sorted(((t, words) for t, words in scored if words), key=lambda pair: -len(pair[1]))[:most]
    by_topic: dict[int, list[Expert]] = {topic.pk: [] for topic, _words in best}
    experts = present(day).filter(topics__in=by_topic).select_related("person").prefetch_related("topics").distinct()
    for expert in experts:
        for topic in expert.topics.all():
            if topic.pk in by_topic:
                by_topic[topic.pk].append(expert)
    return [Suggestion(topic, words, by_topic[topic.pk]) for topic, words in best]
