"""Parses a calendar into plain occurrences in a range of days; recurrences, moves, cancellations are resolved. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from icalendar import Calendar

from team.calendars import recurring
from team.calendars.recurring import DAY, Unsupported

MAX_BYTES = 5 * 1024 * 1024
MAX_COMPONENTS = 20_000
MAX_DEPTH = 8
MAX_OCCURRENCES = 5_000
MAX_TITLE = 200


_DAMAGED = gettext_lazy("The calendar is damaged: it cannot be read to its end.")


class BadCalendar(ValueError):
    """The whole calendar is unreadable; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`key` is stable per event and day. All-day ones have dates, with `end` after the last day; others have aware
    times. `mails`: lower-case addresses of invitees who haven't declined."""

    key: str
    title: str
    start: date
    end: date
    mails: tuple[str, ...] = ()

    @property
    def is_all_day(self) -> bool:
        return not isinstance(self.start, datetime)


@dataclass(slots=True)
class Contents:
    """`problems`: sentences about events that could not be read."""

    occurrences: list[Occurrence] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(content: bytes, start: date, end: date, zone: tzinfo) -> Contents:
    """All occurrences between two days. `zone` applies to times without one. Raises BadCalendar."""
    events = _events(content)
    moved: dict[str, dict[date, Any]] = {}
    for event in events:
        if (recurrence := _value(event, "RECURRENCE-ID")) is not None:
            moved.setdefault(_uid(event), {})[_day(recurrence, zone)] = event
    found = Contents()
    for event in _newest(each for each in events if "RECURRENCE-ID" not in each):
        try:
            found.occurrences += _series(event, moved.pop(_uid(event), {}), start, end, zone)
        except (Unsupported, ValueError, TypeError, OverflowError, AttributeError) as error:
            why = str(error) if isinstance(error, Unsupported) else _("Its times cannot be read.")
            found.problems.append(f"{_title(event)}: {why}")
        if len(found.occurrences) > MAX_OCCURRENCES:
            raise BadCalendar(_("It has more than %(most)d events within these months.") % {"most": MAX_OCCURRENCES})
    for orphans in moved.values():
        found.occurrences += [each for event in orphans.values() if (each := _one(event, None, start, end, zone))]
    return found


def _events(content: bytes) -> list[Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadCalendar(_("It is not UTF-8 text, so it can’t be a calendar. Check the address.")) from error
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise BadCalendar(_("This is not an iCalendar file; perhaps it is a login page. Enter the secret address."))
    _bounded(text)
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise BadCalendar(_DAMAGED) from error
    return [event for calendar in calendars for event in calendar.walk("VEVENT")]


def _bounded(text: str) -> None:
    """Check limits before parsing. A truncated calendar is refused: its missing events would look deleted."""
    depth = count = 0
    for line in text.splitlines():
        upper = line[:6].upper()
        if upper.startswith("BEGIN:"):
            depth, count = depth + 1, count + 1
        elif upper.startswith("END:"):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_COMPONENTS:
            problem = _("It has more than %(most)d events. Share a smaller calendar.")
            raise BadCalendar(problem % {"most": MAX_COMPONENTS})
    if depth or not text.rstrip().upper().endswith("END:VCALENDAR"):
        raise BadCalendar(_DAMAGED)


def _newest(events: Iterable[Any]) -> list[Any]:
    """One event per UID: the one with the highest SEQUENCE."""
    found: dict[str, Any] = {}
    for event in events:
        known = found.get(_uid(event))
        if known is None or int(event.get("SEQUENCE", 0)) >= int(known.get("SEQUENCE", 0)):
            found[_uid(event)] = event
    return list(found.values())


def _series(event: Any, moved: dict[date, Any], start: date, end: date, zone: tzinfo) -> Iterator[Occurrence]:
    """All occurrences of one event; a moved one replaces its original day."""
    first = _local(_value(event, "DTSTART"), zone)
    days = set(_days(event, first, start - _length(event, zone), end)) | _listed(event, "RDATE", zone)
    for day in sorted(days - _listed(event, "EXDATE", zone) - moved.keys()):
        if each := _one(event, day, start, end, zone):
            yield each
    for other in moved.values():
        if each := _one(other, None, start, end, zone):
            yield each


def _days(event: Any, first: date, start: date, end: date) -> Iterator[date]:
    begins = first.date() if isinstance(first, datetime) else first
    rule = event.get("RRULE")
    if rule is None:
        return iter([begins])
    if isinstance(rule, list):
        raise Unsupported(_("It repeats by several rules."))
    return islice(recurring.days(recurring.rule_of(rule), begins, start, end), MAX_OCCURRENCES)


def _one(event: Any, day: date | None, start: date, end: date, zone: tzinfo) -> Occurrence | None:
    """The event itself, or its occurrence on `day`; None if cancelled or out of range."""
    begins = _local(_value(event, "DTSTART"), zone)
    if day is not None and isinstance(begins, datetime):
        begins = datetime.combine(day, begins.timetz().replace(tzinfo=None), begins.tzinfo)
    elif day is not None:
        begins = day
    ends = _after(begins, _length(event, zone))
    first, last = _day(begins, zone), _day(ends, zone)
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or last < start or first > end:
        return None
    of_day = day or _day(_value(event, "RECURRENCE-ID") or begins, zone)
    key = f"{_uid(event)} {of_day.isoformat() if _repeats(event) else ''}".strip()
    return Occurrence(key, _title(event), begins, ends, tuple(_mails(event)))


def _repeats(event: Any) -> bool:
    return any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _after(begins: date, length: timedelta) -> date:
    """The occurrence's end, by wall-clock length, which is how events are entered."""
    if not isinstance(begins, datetime):
        return begins + max(length, DAY)
    naive = begins.replace(tzinfo=None) + length
    return naive.replace(tzinfo=begins.tzinfo).astimezone(UTC)


def _length(event: Any, zone: tzinfo) -> timedelta:
    begins, ends = _local(_value(event, "DTSTART"), zone), _value(event, "DTEND")
    if ends is None:
        return _value(event, "DURATION") or timedelta(days=0 if isinstance(begins, datetime) else 1)
    ends = _local(ends, zone)
    if isinstance(begins, datetime) and isinstance(ends, datetime):
        return max(ends.astimezone(begins.tzinfo).replace(tzinfo=None) - begins.replace(tzinfo=None), timedelta())
    return max(_day(ends, zone) - _day(begins, zone), timedelta())


def _listed(event: Any, name: str, zone: tzinfo) -> set[date]:
    """The days of EXDATE or RDATE; a period counts by its start."""
    rows = event.get(name) or []
    found = [each.dt for row in (rows if isinstance(rows, list) else [rows]) for each in row.dts]
    return {_day(_local(each[0] if isinstance(each, tuple) else each, zone), zone) for each in found}


def _value(event: Any, name: str) -> Any:
    value = event.get(name)
    if isinstance(value, list):
        value = value[0]
    return getattr(value, "dt", None) if value is not None else None


def _local(value: Any, zone: tzinfo) -> date:
    """Applies `zone` to times without one. Raises TypeError if the value is not a date or time."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=zone)
    if not isinstance(value, date):
        raise TypeError(value)
    return value


def _day(value: date, zone: tzinfo) -> date:
    """The day in the event's own zone."""
    return value.date() if isinstance(value, datetime) else value


def _uid(event: Any) -> str:
    return str(event.get("UID") or f"{event.get('SUMMARY')} {_value(event, 'DTSTART')}")


def _title(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY") or _("(no title)")).replace("\0", "").split())[:MAX_TITLE]


def _mails(event: Any) -> Iterator[str]:
    for name in ("ATTENDEE", "ORGANIZER"):
        rows = event.get(name) or []
        for row in rows if isinstance(rows, list) else [rows]:
            declined = str(getattr(row, "params", {}).get("PARTSTAT", "")).upper() == "DECLINED"
            if not declined:
                yield str(row).lower().removeprefix("mailto:")


def midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
