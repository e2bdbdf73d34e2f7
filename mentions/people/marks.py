"""People's relationship to us: contributor, customer, core team, press. Marks belong to the person, not to an
account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from mentions.models import Author, Mark, Person, SwagSuggestion

MAX_BECAUSE = 200


class MarkRefused(Exception):
    """Nothing was changed; the text says why."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One mark given or removed. `at`: when it was decided; `since`: None if that is not known."""

    kind: str
    is_given: bool
    source: str
    at: datetime
    actor: Any = None
    since: date | None = None
    because: str = ""


@transaction.atomic
def mark_author(author_id: int, decision: Decision) -> Mark:
    """Mark the person behind an account by hand. Raises MarkRefused for a team member."""
    return decide(person_of(author_id), decision)


def person_of(author_id: int) -> Person:
    """The person behind this account, created if missing, in the caller's transaction. Raises MarkRefused."""
    author = Author.objects.select_for_update(of=("self",)).select_related("person").get(pk=author_id)
    if author.is_us or (author.person and author.person.is_us):
        raise MarkRefused(_("This is a team member. Marks are for people outside the team."))
    if author.person is None:
        author.person = Person.objects.create(name=str(author)[:200])
        author.save(update_fields=["person"])
    return author.person


@transaction.atomic
def decide(person: Person, decision: Decision) -> Mark:
    """Apply a decision and return the mark. An older or repeated decision changes nothing."""
    if decision.kind not in Mark.Kind.values:
        raise MarkRefused(_("Choose one of the marks."))
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    mark = Mark.objects.filter(person=person, kind=decision.kind).first() or Mark(person=person, kind=decision.kind)
    if mark.pk is None or decision.at > mark.decided_at:
        _write(mark, decision)
    return mark


def _write(mark: Mark, decision: Decision) -> None:
    """`since` and `because` stay unless the decision gives them. A list without dates may be years old, so it sets no
    `since`."""
    is_news = mark._state.adding and decision.is_given and decision.source != Mark.Source.LIST
    mark.since = decision.since or (decision.at.date() if is_news else mark.since)
    mark.because = decision.because[:MAX_BECAUSE] or mark.because
    mark.is_given, mark.source = decision.is_given, decision.source
    mark.decided_at, mark.decided_by = decision.at, decision.actor
    mark.save()


@transaction.atomic
def set_contact(author_id: int, region: str, email: str) -> Person:
    """Set region and email address of the person behind an account. Raises MarkRefused."""
    person = person_of(author_id)
    person.region, person.email = region, email
    person.save(update_fields=["region", "email"])
    return person


def given_to(people: Iterable[int]) -> dict[int, list[Mark]]:
    """Person id → their marks, by kind. One query."""
    found: dict[int, list[Mark]] = {}
    for mark in Mark.objects.filter(person__in=list(people), is_given=True).order_by("kind"):
        found.setdefault(mark.person_id, []).append(mark)
    return found


def join(kept: Person, other: Person) -> None:
    """Move the marks and suggestions of `other` to `kept`: the later decision wins, nothing is suggested twice. In the
    caller's transaction."""
    mine = {mark.kind: mark for mark in Mark.objects.filter(person=kept)}
    for mark in Mark.objects.filter(person=other):
        own = mine.get(mark.kind)
        if own is not None and own.decided_at >= mark.decided_at:
            continue
        if own is not None:
            own.delete()
        mark.person = kept
        mark.save(update_fields=["person"])
    known = SwagSuggestion.objects.filter(person=kept).values("rule")
    SwagSuggestion.objects.filter(person=other).exclude(rule__in=known).update(person=kept)
    kept.region, kept.email = kept.region or other.region, kept.email or other.email
    kept.save(update_fields=["region", "email"])
