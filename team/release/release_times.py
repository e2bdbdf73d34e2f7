"""Computes release days and their hours: local times of the rule become UTC day by day, so they follow DST."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from team.coverage import DAY, Span, Together, without
from team.duties import months
from team.models import Release, ReleaseRule

AROUND = timedelta(hours=2)
"""Also shown before and after the duty hours."""


def day_in(rule: ReleaseRule, month: date) -> date:
    """The rule's day in a month; the last one of a shorter month."""
    return months.day_in(month, rule.day_of_month)


def hours(rule: ReleaseRule, day: date) -> Span:
    """The hours of the duty on this day."""
    last = day if rule.ends > rule.starts else day + DAY
    start, end = (
        datetime.combine(on, at, rule.zone).astimezone(UTC) for on, at in ((day, rule.starts), (last, rule.ends))
    )
    return Span(start, end)


def hours_of(release: Release) -> Span:
    return hours(release.rule, release.day)


def shown(rule: ReleaseRule, day: date) -> Span:
    """The hours of the duty with those around it, whole hours of UTC."""
    span = hours(rule, day)
    start = (span.start - AROUND).replace(minute=0, second=0, microsecond=0)
    return Span(start, span.end + AROUND)


def is_uncovered(release: Release, coverage: Together) -> bool:
    """Whether somebody must be there just for the release: on a weekend or a holiday, when no team has hours."""
    span = hours_of(release)
    if not coverage.periods:
        return release.day.weekday() >= months.SATURDAY
    return without([span], coverage.spans(*span)) == [span]
