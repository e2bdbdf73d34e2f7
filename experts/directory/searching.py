"""Finds experts by typing: name, job title, Slack name or id, topic, account on a platform."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from experts.directory import tree
from experts.models import Expert, Topic

MAX_TYPED = 80
MAX_WORDS = 6


def people(typed: str, topics: Mapping[int, Topic], topic_id: int | None = None) -> QuerySet[Expert]:
    """Experts for whom every word matches something, by name; with `topic_id` only those of the topic and its
    subtopics. With no text all of them, inactive ones last."""
    found = Expert.objects.all()
    words = [word for word in typed.replace("\0", "")[:MAX_TYPED].split() if word.strip("@#")]
    for word in words[:MAX_WORDS]:
        found = found.filter(pk__in=Expert.objects.filter(_fits(word)).values("pk"))
    if topic_id is not None:
        below = [pk for pk in topics if any(above.pk == topic_id for above in tree.ascent(pk, topics))]
        found = found.filter(pk__in=Expert.objects.filter(_of_topics(below)).values("pk"))
    return found.order_by("-is_active", "person__name", "pk")


def _fits(word: str) -> Q:
    bare = word.lstrip("@#")
    return (
        Q(person__name__icontains=word)
        | Q(title__icontains=word)
        | Q(topics__name__icontains=word)
        | Q(default_for__name__icontains=word)
        | Q(slack_id__iexact=word)
        | Q(slack_handle__icontains=bare)
        | Q(person__accounts__handle__icontains=bare)
    )


def _of_topics(ids: list[int]) -> Q:
    return Q(topics__in=ids) | Q(default_for__in=ids)
