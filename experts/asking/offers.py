"""People offered in the ask panel: suggestions with their reasons, and matches for the typed text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Prefetch, Q

from experts.directory import finding, searching, suggestions, tree
from experts.models import Expert, Outreach, Topic
from mentions.models import Ticket

MAX_SUGGESTED = 6
MAX_FOUND = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody who may be asked. `before`: the request to them about this ticket that is running already. `topic`: what
    led to them, if anything did."""

    asked: Expert | Topic
    reason: str
    before: Outreach | None = None
    slack_channel: str = ""
    topic: Topic | None = None

    @property
    def kind(self) -> str:
        """The name of the field that names them in a form."""
        return _kind(self.asked)


def suggested(ticket: Ticket, words: str, now: datetime) -> list[Offer]:
    """People to offer for this ticket, best first, each with its reasons; without people already asked about it."""
    found = suggestions.who_to_ask(ticket, words, now, MAX_SUGGESTED)
    return [Offer(c.asked, " · ".join(c.reasons), None, c.slack_channel, c.topic) for c in found]


def of(asked: Expert | Topic, offered: Iterable[Offer]) -> Offer:
    """The offer for a chosen person; for somebody not among those offered, with the channel of their topics."""
    found = next((o for o in offered if o.kind == _kind(asked) and o.asked.pk == asked.pk), None)
    if found is not None and found.slack_channel:
        return found
    known = tree.load()
    topics = [asked] if isinstance(asked, Topic) else list(asked.topics.order_by("name"))
    channels = [(channel, topic) for topic in topics if (channel := tree.channel_of(topic.pk, known))]
    channel, topic = channels[0] if channels else ("", found.topic if found else None)
    return Offer(asked, "", None, channel, topic)


def _kind(asked: Expert | Topic) -> str:
    return "expert" if isinstance(asked, Expert) else "topic"


def matching(typed: str, day: date, running: Iterable[Outreach]) -> list[Offer]:
    """Available people as the directory finds them, then teams and stages that hold every word that was typed."""
    parts = typed.replace("\0", "")[: searching.MAX_TYPED].split()
    if not parts:
        return []
    topics = Prefetch("topics", Topic.objects.order_by("name"))
    experts = searching.people(typed, {}).filter(pk__in=finding.present(day).values("pk"))
    found = experts.select_related("person").prefetch_related(topics)[:50]
    people = sorted(found, key=lambda expert: _rank(str(expert), parts[0]))
    teams = sorted(
        Topic.objects.exclude(slack_channel="").filter(_of_teams(parts))[:50],
        key=lambda topic: _rank(topic.name, parts[0]),
    )
    offered = [Offer(e, _about(e), _asked(e, running)) for e in people[:MAX_FOUND]]
    offered += [Offer(t, f"{t.get_kind_display()} · {t.slack_channel}", _asked(t, running)) for t in teams]
    return offered[:MAX_FOUND]


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


def _about(expert: Expert) -> str:
    return " · ".join([*([expert.title] if expert.title else []), *(str(topic) for topic in expert.topics.all())])


def _asked(whom: Expert | Topic, running: Iterable[Outreach]) -> Outreach | None:
    name = "expert_id" if isinstance(whom, Expert) else "topic_id"
    return next((o for o in running if getattr(o, name) == whom.pk), None)
