"""Finds experts for a conversation: topics with matching keywords, and the people who know them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Count, Q, QuerySet

from experts.models import Expert, Outreach, Topic


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic with its matching keywords and its experts who are available today."""

    topic: Topic
    words: Sequence[str]
    experts: Sequence[Expert]


@dataclass(frozen=True, slots=True)
class KnownTopic:
    """A topic with what pages need."""

    pk: int
    name: str
    keywords: tuple[str, ...]


@lru_cache(maxsize=8)
def known(listed: str) -> tuple[KnownTopic, ...]:
    """Topics from JSON: [[id, name, [keyword, ...]], ...]. Cached by content, so never stale."""
    return tuple(KnownTopic(pk, name, tuple(words)) for pk, name, words in json.loads(listed))


def topics_in(text: str, topics: Iterable[KnownTopic], most: int) -> list[KnownTopic]:
    """The topics with keywords in the text, most matches first. Pure."""
    scored = [(topic, len(matching_words(topic.keywords, text))) for topic in topics]
    best = sorted((pair for pair in scored if pair[1]), key=lambda pair: -pair[1])
    return [topic for topic, _count in best[:most]]


def matching_words(keywords: Iterable[str], text: str) -> list[str]:
    """The keywords that occur in the text as whole words, case-insensitively. Pure."""
    lowered = text.lower()
    # The substring test is a hundred times cheaper than the pattern and rules out nearly every keyword.
    return [word for word in keywords if word.lower() in lowered and _pattern(word).search(text)]


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)


def present(day: date) -> QuerySet[Expert]:
    """Active experts who aren't absent on that day."""
    gone = Q(absent_until__gte=day) & (Q(absent_from__isnull=True) | Q(absent_from__lte=day))
    return Expert.objects.filter(is_active=True).exclude(gone)


def suggestions(text: str, day: date, most: int = 4) -> list[Suggestion]:
    """Topics for a conversation, most matching keywords first. Three queries, however many topics."""
    scored = [(topic, matching_words(topic.keywords, text)) for topic in Topic.objects.exclude(keywords=[])]
    best = sorted(((t, words) for t, words in scored if words), key=lambda pair: -len(pair[1]))[:most]
    by_topic: dict[int, list[Expert]] = {topic.pk: [] for topic, _words in best}
    experts = present(day).filter(topics__in=by_topic).select_related("person").prefetch_related("topics").distinct()
    for expert in experts:
        for topic in expert.topics.all():
            if topic.pk in by_topic:
                by_topic[topic.pk].append(expert)
    return [Suggestion(topic, words, by_topic[topic.pk]) for topic, words in best]


def next_experts(text: str, day: date, *, besides: Iterable[int], most: int = 2) -> list[Expert]:
    """Whom to ask next about a conversation: those who know its topics, the least asked at the moment first."""
    known = [expert.pk for found in suggestions(text, day) for expert in found.experts]
    running = Count("outreaches", filter=Q(outreaches__state__in=Outreach.RUNNING))
    free = Expert.objects.filter(pk__in=known).exclude(pk__in=list(besides)).select_related("person")
    return list(free.annotate(running=running).order_by("running", "person__name")[:most])
