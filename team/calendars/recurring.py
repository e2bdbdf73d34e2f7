"""Days on which an event recurs (RFC 5545, section 3.3.10). Each day is looked at once: no rule takes longer than its
range."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

DAY = timedelta(days=1)
MONDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
KNOWN = frozenset(("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"))
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MAX_DAYS = 40_000
MAX_INTERVAL = 1000


class Unsupported(ValueError):
    """An unsupported rule; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`weekdays`: (which one of the month, or 0 for each; weekday with Monday 0). `until`: the last day."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    weekdays: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    week_start: int = 0


def rule_of(parts: Mapping[str, Any]) -> Rule:
    """From an RRULE as icalendar has parsed it: upper-case name → list. Raises Unsupported."""
    names = {str(name).upper() for name in parts}
    frequency = str(_first(parts, "FREQ", "")).upper()
    if frequency not in FREQUENCIES:
        raise Unsupported(_("It repeats more often than daily."))
    if unknown := sorted(names - KNOWN):
        raise Unsupported(
            _("The desk does not support the way it repeats (%(parts)s).") % {"parts": ", ".join(unknown)}
        )
    until = _first(parts, "UNTIL", None)
    rule = Rule(
        frequency,
        int(_first(parts, "INTERVAL", 1)),
        int(_first(parts, "COUNT", 0)) or None,
        until.date() if isinstance(until, datetime) else until,
        tuple(_weekday(str(each)) for each in parts.get("BYDAY", ())),
        tuple(int(each) for each in parts.get("BYMONTHDAY", ())),
        tuple(int(each) for each in parts.get("BYMONTH", ())),
        MONDAY.index(str(_first(parts, "WKST", "MO")).upper()),
    )
    if not 1 <= rule.interval <= MAX_INTERVAL or (frequency == "YEARLY" and rule.weekdays and not rule.months):
        raise Unsupported(_("The desk does not support the way it repeats."))
    return rule


def _first(parts: Mapping[str, Any], name: str, default: Any) -> Any:
    values = parts.get(name) or [default]
    return values[0] if isinstance(values, list | tuple) else values


def _weekday(text: str) -> tuple[int, int]:
    number, name = text[:-2], text[-2:].upper()
    if name not in MONDAY:
        raise Unsupported(_("It repeats on a weekday that does not exist."))
    return int(number or 0), MONDAY.index(name)


def days(rule: Rule, first: date, start: date, end: date) -> Iterator[date]:
    """Days from `start` to `end` on which an event that begins on `first` recurs; `first` always counts. Raises
    Unsupported for a count over more than MAX_DAYS."""
    last = min(end, rule.until) if rule.until else end
    day = first if rule.count else max(first, start)
    if (last - day).days > MAX_DAYS:
        raise Unsupported(_("It repeats over too long a time."))
    counted = 0
    while day <= last:
        if day == first or recurs(rule, first, day):
            counted += 1
            if rule.count and counted > rule.count:
                return
            if day >= start:
                yield day
        day += DAY


def recurs(rule: Rule, first: date, day: date) -> bool:
    """Whether `day`, after `first`, fulfils every part of the rule."""
    if rule.months and day.month not in rule.months:
        return False
    match rule.frequency:
        case "DAILY":
            return (day - first).days % rule.interval == 0 and _fits(rule, day)
        case "WEEKLY":
            weeks = (_week(day, rule) - _week(first, rule)).days // 7
            wanted = {weekday for _number, weekday in rule.weekdays} or {first.weekday()}
            return weeks % rule.interval == 0 and day.weekday() in wanted
        case "MONTHLY":
            return _months(first, day) % rule.interval == 0 and _fits(rule, day, first.day)
    if (day.year - first.year) % rule.interval:
        return False
    is_any_month = rule.months or rule.month_days
    return (bool(is_any_month) or day.month == first.month) and _fits(rule, day, first.day)


def _week(day: date, rule: Rule) -> date:
    return day - timedelta(days=(day.weekday() - rule.week_start) % 7)


def _months(first: date, day: date) -> int:
    return (day.year - first.year) * 12 + day.month - first.month


def _fits(rule: Rule, day: date, otherwise: int | None = None) -> bool:
    """The day of the month and the weekday; a rule with neither means the day of the month `otherwise`."""
    length = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - length - 1} & set(rule.month_days):
        return False
    if rule.weekdays:
        fore, back = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
        return any(weekday == day.weekday() and number in (0, fore, back) for number, weekday in rule.weekdays)
    return bool(rule.month_days) or otherwise is None or day.day == otherwise
