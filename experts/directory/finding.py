"""Finds the topics of a conversation, and the experts who are available."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Q, QuerySet

from experts.models import Expert


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
    absent = Q(absent_until__gte=day) & (Q(absent_from__isnull=True) | Q(absent_from__lte=day))
    return Expert.objects.filter(is_active=True).exclude(absent)
