"""Maps events to the roster: who, and whether they are away, on shift or on call. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from team.calendars.reading import Occurrence, midnight
from team.coverage import DAY

AWAY, SHIFT, ON_CALL = "away", "shift", "on call"
MAX_SHIFT = timedelta(days=14)
NAME_IN_TITLE = 3
"""Shorter names are matched by invitation only."""


@dataclass(frozen=True, slots=True)
class Member:
    """A team member, as calendars may refer to them."""

    id: int
    mail: str
    names: tuple[str, ...]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Planned:
    """A shift from `start` until `end` (aware UTC), or an absence of whole days, both inclusive."""

    key: str
    user_id: int
    kind: str
    start: date
    end: date


@dataclass(slots=True)
class CalendarPlan:
    rows: list[Planned] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reader:
    """`owner`: of a personal calendar; None for the team's. `words`: kind → words, by precedence."""

    team: Sequence[Member]
    words: Mapping[str, Sequence[str]]
    owner: Member | None = None

    def plan(self, occurrences: Iterable[Occurrence]) -> CalendarPlan:
        made = CalendarPlan()
        for occurrence in occurrences:
            self._add(occurrence, made)
        made.problems = list(dict.fromkeys(made.problems))
        return made

    def _add(self, occurrence: Occurrence, made: CalendarPlan) -> None:
        kind, people = self.kind_of(occurrence.title), self.people_of(occurrence)
        if kind is None:
            if people and self.owner is None and not occurrence.mails:
                made.problems.append(
                    self._said(occurrence, _("Add a word to the title that says what kind of event it is."))
                )
            return
        if not people:
            made.problems.append(
                self._said(occurrence, _("The title names nobody from the team, and nobody from the team is invited."))
            )
        for member in people:
            row = _row(occurrence, member, kind)
            if isinstance(row, str):
                made.problems.append(self._said(occurrence, row))
            else:
                made.rows.append(row)

    def kind_of(self, title: str) -> str | None:
        return next((kind for kind, words in self.words.items() if any(_has(title, word) for word in words)), None)

    def people_of(self, occurrence: Occurrence) -> list[Member]:
        """The people named in the title, otherwise those invited."""
        if self.owner is not None:
            return [self.owner]
        named = [member for member in self.team if any(_has(occurrence.title, name) for name in member.names)]
        return named or [member for member in self.team if member.mail and member.mail in occurrence.mails]

    @staticmethod
    def _said(occurrence: Occurrence, why: str) -> str:
        day = occurrence.start.strftime("%Y-%m-%d")
        return _("“%(title)s” on %(day)s: %(why)s") % {"title": occurrence.title, "day": day, "why": why}


def _has(title: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", title, re.IGNORECASE) is not None


def _row(occurrence: Occurrence, member: Member, kind: str) -> Planned | str:
    """The row, or a sentence that says what to do."""
    key = sha256(f"{occurrence.key}\n{member.id}\n{kind}".encode()).hexdigest()
    if kind == AWAY:
        days = _days_away(occurrence, member.zone)
        return Planned(key, member.id, kind, *days) if days else _("Absences are whole days: make it an all-day event.")
    if occurrence.is_all_day:
        return _("A shift needs times: make it an event with a beginning and an end.")
    start, end = occurrence.start, occurrence.end
    if end <= start or _length(start, end) > MAX_SHIFT:
        return _("A shift ends after it begins, within two weeks.")
    return Planned(key, member.id, kind, start, end)


def _length(start: Any, end: Any) -> timedelta:
    length: timedelta = end - start
    return length


def _days_away(occurrence: Occurrence, zone: tzinfo) -> tuple[date, date] | None:
    """The days an event with times fills from midnight to midnight, in the person's time zone."""
    if not isinstance(occurrence.start, datetime) or not isinstance(occurrence.end, datetime):
        return occurrence.start, occurrence.end - DAY
    first = occurrence.start.astimezone(zone).date()
    first += DAY if midnight(first, zone) < occurrence.start else timedelta()
    last = occurrence.end.astimezone(zone).date() - DAY
    return (first, last) if last >= first else None


def names_of(users: Iterable[Any]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Users with the names that titles may use: full name, login, and a first name if it is unique."""
    known = list(users)
    firsts = [user.first_name.lower() for user in known]
    for user in known:
        names = [user.get_full_name(), user.get_username()]
        if firsts.count(user.first_name.lower()) == 1:
            names.append(user.first_name)
        yield user, tuple(dict.fromkeys(name for name in names if len(name) >= NAME_IN_TITLE))
