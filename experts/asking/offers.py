"""Whom the ask panel offers: suggestions with their reason, and whoever matches what was typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from experts.directory import finding
from experts.models import Expert, Outreach, Topic

MAX_SUGGESTED = 6
MAX_FOUND = 8
MAX_TYPED = 80


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody who may be asked. `before`: the request to them about this ticket that is running already."""

    asked: Expert | Topic
    reason: str
    before: Outreach | None = None

    @property
    def kind(self) -> str:
        """The name of the field that names them in a form."""
        return "expert" if isinstance(self.asked, Expert) else "topic"


def suggested(words: str, day: date, running: Iterable[Outreach]) -> list[Offer]:
    """For a conversation: its topics' experts, then the topics' teams; those who are asked already come last."""
    found = finding.suggestions(words, day)
    people = {e.pk: (e, s) for s in reversed(found) for e in reversed(s.experts)}
    offered = [Offer(expert, _matches(topic), _asked(expert, running)) for expert, topic in people.values()]
    offered.reverse()
    teams = [s for s in found if s.topic.slack_channel]
    offered += [Offer(s.topic, _matches(s), _asked(s.topic, running)) for s in teams]
    return sorted(offered, key=lambda offer: offer.before is not None)[:MAX_SUGGESTED]


def matching(typed: str, day: date, running: Iterable[Outreach]) -> list[Offer]:
    """People whose name, handle, role or topic holds every word that was typed, then teams and stages. Two queries."""
    parts = typed.replace("\0", "")[:MAX_TYPED].split()
    if not parts:
        return []
    topics = Prefetch("topics", Topic.objects.order_by("name"))
    experts = finding.present(day).filter(_of_people(parts)).select_related("person").prefetch_related(topics)
    people = sorted(experts.distinct()[:50], key=lambda expert: _rank(str(expert), parts[0]))
    teams = sorted(
        Topic.objects.exclude(slack_channel="").filter(_of_teams(parts))[:50],
        key=lambda topic: _rank(topic.name, parts[0]),
    )
    offered = [Offer(e, _about(e), _asked(e, running)) for e in people[:MAX_FOUND]]
    offered += [Offer(t, f"{t.get_kind_display()} · {t.slack_channel}", _asked(t, running)) for t in teams]
    return offered[:MAX_FOUND]


def _of_people(parts: list[str]) -> Q:
    found = Q()
    for part in parts:
        handle = part.removeprefix("@")
        found &= (
            Q(person__name__icontains=part)
            | Q(slack_handle__icontains=handle)
            | Q(title__icontains=part)
            | Q(topics__name__icontains=part)
        )
    return found


def _of_teams(parts: list[str]) -> Q:
    found = Q()
    for part in parts:
        name = part.lstrip("#@")
        found &= Q(name__icontains=part) | Q(slack_channel__icontains=name) | Q(slack_mention__icontains=name)
    return found


def _rank(name: str, typed: str) -> tuple[bool, str]:
    """Names with a word that begins as typed come first."""
    begins = any(word.startswith(typed.lower().lstrip("@#")) for word in name.lower().split())
    return not begins, name


def _matches(suggestion: finding.Suggestion) -> str:
    words = {"topic": suggestion.topic, "words": ", ".join(suggestion.words)}
    return _("%(topic)s, matches: %(words)s") % words


def _about(expert: Expert) -> str:
    return " · ".join([*([expert.title] if expert.title else []), *(str(topic) for topic in expert.topics.all())])


def _asked(whom: Expert | Topic, running: Iterable[Outreach]) -> Outreach | None:
    name = "expert_id" if isinstance(whom, Expert) else "topic_id"
    return next((o for o in running if getattr(o, name) == whom.pk), None)
