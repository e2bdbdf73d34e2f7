"""Counts an expert's working hours: Monday to Friday, in their time zone, not while they are absent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from experts.models import Expert

MAX_DAYS = 60
"""The longest wait: an absence without an end counts as this long."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Someone's working day. `starts`, `ends`: local hours, 0 to 24."""

    timezone: str = "UTC"
    starts: int = 9
    ends: int = 17
    absent_until: date | None = None
    absent_from: date | None = None

    def is_absent(self, day: date) -> bool:
        started = self.absent_from is None or self.absent_from <= day
        return self.absent_until is not None and started and day <= self.absent_until

    def zone(self) -> ZoneInfo:
        """UTC for an unknown time zone."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")


def hours_of(expert: Expert) -> Hours:
    return Hours(expert.timezone, expert.work_starts, expert.work_ends, expert.absent_until, expert.absent_from)


def is_working(at: datetime, hours: Hours) -> bool:
    day = at.astimezone(hours.zone()).date()
    shift = _shift(day, hours)
    return shift is not None and shift[0] <= at < shift[1]


def after(start: datetime, worked: timedelta, hours: Hours) -> datetime:
    """When this much working time has passed since `start`; aware UTC. For zero: the next working moment."""
    left, day = worked, start.astimezone(hours.zone()).date()
    for offset in range(MAX_DAYS):
        shift = _shift(day + timedelta(days=offset), hours)
        if shift is None or shift[1] <= start:
            continue
        begins = max(shift[0], start)
        if begins + left < shift[1]:
            return (begins + left).astimezone(UTC)
        left -= shift[1] - begins
    return start + timedelta(days=MAX_DAYS)


def _shift(day: date, hours: Hours) -> tuple[datetime, datetime] | None:
    """The working day's begin and end in UTC, where adding hours means hours (DST)."""
    if day.weekday() >= 5 or hours.is_absent(day):
        return None
    zone = hours.zone()
    midnight = datetime.combine(day, time(0))
    begins = (midnight + timedelta(hours=hours.starts)).replace(tzinfo=zone).astimezone(UTC)
    return begins, (midnight + timedelta(hours=hours.ends)).replace(tzinfo=zone).astimezone(UTC)
