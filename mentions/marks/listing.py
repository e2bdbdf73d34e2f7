"""The contributors page: people with marks by region, and the journey from first contribution to the core team."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from channels.audience import seen_by
from mentions.models import Author, Mark, Person, SwagSuggestion

MAX_SHOWN = 300
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as listed. `accounts`: those with messages, which have author pages."""

    person: Person
    marks: list[Mark]
    accounts: list[Author]
    entered: list[tuple[str, str]]
    """(namespace, handle) of accounts without messages yet."""


@dataclass(frozen=True, slots=True)
class JourneyStep:
    label: str
    total: int
    new: int
    """In the last 30 days."""


def marks_for(user: Any, kind: str = "", region: str | None = None) -> QuerySet[Mark]:
    """Given marks that this person may see, by region and name. `region`: "" for people without one."""
    given = seen_by(user, Mark).filter(is_given=True, person__is_us=False)
    given = given.filter(kind=kind) if kind in Mark.Kind.values else given
    given = given if region is None else given.filter(person__region=region)
    return given.order_by("person__region", "person__name", "person_id", "kind")


def people(marks: QuerySet[Mark]) -> list[tuple[str, list[Listed]]]:
    """(region, its people), people without a region last. Three queries."""
    found: dict[int, list[Mark]] = {}
    rows = marks.select_related("person").prefetch_related("person__authors", "person__accounts")
    for mark in rows[: MAX_SHOWN * 2]:
        found.setdefault(mark.person_id, []).append(mark)
    by_region: dict[str, list[Listed]] = {}
    for theirs in list(found.values())[:MAX_SHOWN]:
        by_region.setdefault(theirs[0].person.region, []).append(_listed(theirs))
    return sorted(by_region.items(), key=lambda each: (each[0] == "", each[0]))


def _listed(marks: list[Mark]) -> Listed:
    person = marks[0].person
    authors = sorted(person.authors.all(), key=lambda author: (author.namespace, author.pk))
    spoken = {(a.namespace, name.lower().lstrip("@")) for a in authors for name in (a.handle, a.external_id)}
    entered = [(account.namespace, account.handle) for account in person.accounts.all()]
    return Listed(person, marks, authors, [e for e in entered if (e[0], e[1].lower().lstrip("@")) not in spoken])


def regions(user: Any) -> list[str]:
    """Regions in use, those without one as ""."""
    return sorted(set(marks_for(user).order_by().values_list("person__region", flat=True).distinct()))


def journey(user: Any, now: datetime) -> list[JourneyStep]:
    """How many people reached each step, in total and in the last 30 days. Two queries."""
    lately = Q(since__gte=(now - MONTH).date())
    given = marks_for(user).order_by()
    numbers = given.values("kind").annotate(total=Count("pk"), new=Count("pk", filter=lately))
    counts = {row["kind"]: (row["total"], row["new"]) for row in numbers}
    helped = seen_by(user, SwagSuggestion).filter(rule__when="helped")
    swag = seen_by(user, SwagSuggestion).aggregate(
        helped=Count("person", filter=Q(pk__in=helped.values("pk")), distinct=True),
        helped_new=Count("person", filter=Q(pk__in=helped.values("pk"), made_at__gte=now - MONTH), distinct=True),
        given=Count("person", filter=Q(state="given"), distinct=True),
        given_new=Count("person", filter=Q(state="given", decided_at__gte=now - MONTH), distinct=True),
    )
    steps: Iterable[tuple[str, tuple[int, int]]] = [
        (_("Contributors"), counts.get(Mark.Kind.CONTRIBUTOR, (0, 0))),
        (_("Help others"), (swag["helped"], swag["helped_new"])),
        (_("Core team"), counts.get(Mark.Kind.CORE, (0, 0))),
        (_("Got swag"), (swag["given"], swag["given_new"])),
    ]
    return [JourneyStep(label, total, new) for label, (total, new) in steps]
