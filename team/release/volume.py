"""Forecasts the mentions of a release day, from counts of past releases beside those of ordinary days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncHour

from mentions.clocks import counted
from mentions.people import access
from team.coverage import DAY, Span
from team.duties import months
from team.models import Release, ReleaseRule
from team.release import release_times

PAST = 6
HOUR = timedelta(hours=1)
BESIDE = (-7 * DAY, 7 * DAY)
"""Ordinary days: the same weekday before and after."""


@dataclass(slots=True)
class VolumeLine:
    """Mentions of a channel or an hour: averages of past releases and of ordinary days, and today's so far."""

    name: str = ""
    platform: str = ""
    at: datetime | None = None
    on_releases: float = 0
    usual: float = 0
    so_far: int = 0
    on: list[str] = field(default_factory=list)

    @property
    def rise(self) -> float:
        return self.on_releases - self.usual


@dataclass(frozen=True, slots=True)
class Volume:
    past: list[tuple[date, int]]
    """Past release days with their mentions, the newest first; empty before the desk has seen one."""
    has_usual: bool
    """Whether the desk has seen an ordinary day beside one of them."""
    total: VolumeLine
    channels: list[VolumeLine]
    """The biggest increase first."""
    hours: list[VolumeLine]


@dataclass(frozen=True, slots=True)
class HourCount:
    """Mentions of one channel in one hour."""

    channel: str
    platform: str
    hour: datetime
    number: int


def of(release: Release, user: Any, now: datetime) -> Volume:
    """What this person may see, counted as in the reports. Three queries."""
    tickets = counted.from_outside(access.visible_tickets(user))
    rule, today = release.rule, release_times.shown(release.rule, release.day)
    first = tickets.order_by("posted_at").values_list("posted_at", flat=True).first()
    days = [day for day in past_days(release) if first is not None and release_times.shown(rule, day).start >= first]
    days = [day for day in days if release_times.shown(rule, day).end <= now]
    usual = [day + step for day in days for step in BESIDE]
    usual = [day for day in usual if first is not None and first <= release_times.shown(rule, day).start]
    usual = [day for day in usual if release_times.shown(rule, day).end <= now]
    spans = [release_times.shown(rule, day) for day in (*days, *usual)]
    counts = _counts(tickets, [*spans, today])
    return summed(rule, release.day, days, usual, counts)


def past_days(release: Release) -> list[date]:
    """The release days of the PAST previous months: as they were, or as the rule has them, newest first."""
    before = list(months.months_from(release.month, -(PAST + 1)))[1:]
    rows = Release.objects.filter(rule=release.rule, month__in=before)
    known = dict(rows.values_list("month", "day"))
    return [known.get(month) or release_times.day_in(release.rule, month) for month in before]


def _counts(tickets: Any, spans: Sequence[Span]) -> list[HourCount]:
    inside = Q()
    for span in spans:
        inside |= Q(posted_at__gte=span.start, posted_at__lt=span.end)
    grouped = tickets.filter(inside).values(
        "channel__name", "channel__connection__platform", hour=TruncHour("posted_at", tzinfo=UTC)
    )
    found = grouped.annotate(number=Count("pk")).order_by()
    return [
        HourCount(row["channel__name"], row["channel__connection__platform"], row["hour"], row["number"])
        for row in found
    ]


def summed(
    rule: ReleaseRule, today: date, days: Sequence[date], usual: Sequence[date], counts: Sequence[HourCount]
) -> Volume:
    """Averages by channel and by hour of the day's shown hours. Pure."""
    span = release_times.shown(rule, today)
    lines = [VolumeLine(at=span.start + number * HOUR) for number in range(_hours(span))]
    channels: dict[str, VolumeLine] = {}
    total, by_day = VolumeLine(), Counter[date]()
    for kind, each in (("on_releases", days), ("usual", usual), ("so_far", [today])):
        for day in each:
            for number, count in _placed(release_times.shown(rule, day), counts):
                line = channels.setdefault(count.channel, VolumeLine(count.channel, count.platform))
                for target in (line, total, lines[min(number, len(lines) - 1)]):
                    setattr(target, kind, getattr(target, kind) + count.number / (len(each) if kind != "so_far" else 1))
                if kind == "on_releases":
                    by_day[day] += count.number
    for line in (*channels.values(), *lines, total):
        line.so_far = round(line.so_far)
    ordered = sorted(channels.values(), key=lambda line: (-line.rise, -line.so_far, line.name))
    return Volume([(day, by_day[day]) for day in days], bool(usual), total, ordered, lines)


def _hours(span: Span) -> int:
    return max(1, -(-int((span.end - span.start).total_seconds()) // 3600))


def _placed(span: Span, counts: Iterable[HourCount]) -> Iterable[tuple[int, HourCount]]:
    """Which hour of the span each count belongs to."""
    for count in counts:
        if span.start <= count.hour < span.end:
            yield int((count.hour - span.start) / HOUR), count
