"""Who could answer this: topics whose keywords stand in the conversation, and the people who know them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from experts.models import Expert, Topic


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic with the words that spoke for it and its experts who are there today."""

    topic: Topic
    words: Sequence[str]
    experts: Sequence[Expert]


def matching_words(keywords: Iterable[str], text: str) -> list[str]:
    """The keywords that stand in the text as whole words, in any case. Pure."""
    return [word for word in keywords if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)]


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
