"""The team's day by month: each count is the number of those that it lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mentions.text.cells import written
from team.counting import entries, hours
from team.counting.entries import Entry
from team.counting.hours import Worked

MONTHS = 12
COUNTS: dict[str, Promise] = {
    "urgent": gettext_lazy("Urgent tickets"),
    "escalated": gettext_lazy("Urgent tickets escalated"),
    "handed": gettext_lazy("Hand-overs"),
    "lapsed": gettext_lazy("Days without a hand-over"),
    "passed": gettext_lazy("Tickets handed over"),
    "asked": gettext_lazy("Questions asked in Slack"),
    "answered": gettext_lazy("Questions answered"),
    "incidents": gettext_lazy("Incidents"),
    "bulk": gettext_lazy("Replies in bulk"),
    "releases": gettext_lazy("Release days"),
    "volunteers": gettext_lazy("Volunteer days"),
    "helped": gettext_lazy("Replies by volunteers"),
    "feedback": gettext_lazy("Feedback to product"),
    "outcomes": gettext_lazy("Feedback settled"),
    "rotated": gettext_lazy("Expertise rotations"),
    "stood_in": gettext_lazy("Roles taken by stand-ins"),
    "slides": gettext_lazy("Monthly slides ready"),
}
"""Slug → heading."""


@dataclass(frozen=True, slots=True)
class Months:
    """`months`: the newest first; `found`: (slug, month) → what is counted."""

    months: list[date]
    found: Mapping[tuple[str, date], list[Entry]]
    worked: Mapping[date, Worked]

    @property
    def counts(self) -> list[tuple[str, Promise, list[tuple[date, int]]]]:
        """(slug, heading, (month, number) of each)."""
        return [(slug, heading, [(m, self.count(slug, m)) for m in self.months]) for slug, heading in COUNTS.items()]

    @property
    def hours(self) -> list[tuple[str, list[str]]]:
        """(heading, text of each month): what is measured, not counted."""
        lines = [
            (_("Coverage hours"), "covered"),
            (_("Hours with nobody on shift"), "open"),
            (_("Median time to take an urgent ticket"), "wait"),
        ]
        return [(heading, [getattr(self.worked[month], name) for month in self.months]) for heading, name in lines]

    def count(self, slug: str, month: date) -> int:
        return len(self.found.get((slug, month), ()))

    @property
    def is_empty(self) -> bool:
        return not self.found


def of(user: Any, now: datetime, zone: tzinfo) -> Months:
    """The months that this person may see, in `zone`, from the first with anything to count."""
    months = months_until(now.astimezone(zone).date())
    since = datetime.combine(months[-1], time(0), zone).astimezone(UTC)
    found: dict[tuple[str, date], list[Entry]] = {}
    waits: dict[date, list[float]] = {}
    for entry in _entries(user, since, now, zone):
        if (month := entry.day.replace(day=1)) in months:
            found.setdefault((entry.slug, month), []).append(entry)
            if entry.seconds is not None:
                waits.setdefault(month, []).append(entry.seconds)
    first = min((month for _slug, month in found), default=months[-1])
    counted = [month for month in months if month >= first]
    return Months(counted, found, hours.worked(counted, waits, now, zone))


def _entries(user: Any, since: datetime, now: datetime, zone: tzinfo) -> Iterator[Entry]:
    for source in entries.SOURCES:
        yield from source(user, since, now, zone)


def months_until(today: date) -> list[date]:
    """The first days of this month and of those before it, the newest first. Pure."""
    number = today.year * 12 + today.month - 1
    return [date((number - back) // 12, (number - back) % 12 + 1, 1) for back in range(MONTHS)]


def as_csv(found: Months) -> str:
    """A line for each month."""
    measured = found.hours
    head = [_("Month"), *(heading for heading, _texts in measured), *(str(heading) for heading in COUNTS.values())]
    lines = [
        [
            f"{month:%Y-%m}",
            *(texts[place] for _heading, texts in measured),
            *(str(found.count(slug, month)) for slug in COUNTS),
        ]
        for place, month in enumerate(found.months)
    ]
    return written([head, *lines])
