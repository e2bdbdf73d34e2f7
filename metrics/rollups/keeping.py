"""Keeps the roll-ups: builds a zone's days, refreshes those that changed, compares them with the tickets.

One process at a time writes (an advisory lock). A refresh takes the notes of changed hours and counts their days again
in one transaction, so a note is never lost and a change that commits later has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Now

from channels.clocks import clock_from
from channels.models import Channel
from mentions.db import prepared
from mentions.models import Preference
from metrics.models import DayCount, DayTally, DayTimes, RolledZone
from metrics.periods import Period
from metrics.rollups import reading, statements, tally_statements

_LOCK = 0x726F6C6C
MAX_NOTES = 20_000
"""Per transaction of a refresh."""
DAYS_AT_ONCE = 3
"""Per transaction of a build: a second or two on a busy desk."""
MAX_PORTION = 31
"""Days that one statement counts."""
MAX_RUN = timedelta(seconds=20)
"""Of a refresh: it shares its queue with the rest of the desk."""
HOUR = timedelta(hours=1)
CELLS = (DayCount, DayTimes, DayTally)
DAY = timedelta(days=1)

Note = tuple[int, datetime]
"""(channel, hour)."""
Cells = Iterable[tuple[int, date]]
"""(channel, day)."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Neighbouring days of some channels."""

    days: Sequence[date]
    channels: Sequence[int]


def wanted_zones() -> list[str]:
    """The desk's own time zone and those that people have set."""
    chosen = Preference.objects.exclude(time_zone="").values_list("time_zone", flat=True).distinct()
    return [name for name in dict.fromkeys([settings.TIME_ZONE, *sorted(chosen)]) if _exists(name)]


def _exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def refresh(now: datetime) -> int:
    """Recount the days that changed since the last run, and continue building newly used zones, for at most MAX_RUN.
    The next run continues. Returns how many hours had changed."""
    clock, changed = clock_from(now), 0
    for work in (recount, retally):
        while clock() - now < MAX_RUN and (notes := work()):
            changed += notes
    for name in wanted_zones():
        if reading.version(name) is None:
            if not RolledZone.objects.filter(zone=name, built_at=None).exists():
                _begin(name)
            while not _build_on(name):
                if clock() - now >= MAX_RUN:
                    return changed
    return changed


@transaction.atomic
def recount() -> int:
    """Count what changed tickets say, which is quick; their hours stay noted for `retally`. Returns how many."""
    with connection.cursor() as cursor:
        _lock(cursor)
        cursor.execute(statements.TAKE, [MAX_NOTES])
        notes = cursor.fetchall()
        cursor.execute(statements.HAND_ON, [[channel for channel, _at in notes], [at for _channel, at in notes]])
    return _counted_again(notes, count)


@transaction.atomic
def retally() -> int:
    """Count what the messages, replies and events of changed tickets say."""
    with connection.cursor() as cursor:
        _lock(cursor)
        notes: list[Note] = []
        for statement in (statements.TAKE_SAID, statements.TAKE_TICKETS):
            cursor.execute(statement, [MAX_NOTES])
            notes += cursor.fetchall()
    return _counted_again(notes, tally)


def _counted_again(notes: Sequence[Note], work: Callable[[str, Portion], None]) -> int:
    if notes:
        for zone in RolledZone.objects.values_list("zone", flat=True):
            for portion in portions(_cells(zone, notes)):
                work(zone, portion)
        RolledZone.objects.update(version=F("version") + 1)
    return len(notes)


def _lock(cursor: Any) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _cells(zone: str, notes: Iterable[Note]) -> Cells:
    """An hour may lie in two days: some zones are half an hour off."""
    tz, last = ZoneInfo(zone), HOUR - timedelta(microseconds=1)
    return {(channel, (at + more).astimezone(tz).date()) for channel, at in notes for more in (timedelta(), last)}


def build(zone: str) -> None:
    """Recount all days of this zone. Until that is done, its figures come from the tickets."""
    _begin(zone)
    while not _build_on(zone):
        pass


def _begin(zone: str) -> None:
    RolledZone.objects.update_or_create(zone=zone, defaults={"built_at": None, "built_to": None})


@transaction.atomic
def _build_on(zone: str) -> bool:
    """One step, committed on its own; returns whether it was the last. Changes to days already counted are noted."""
    with connection.cursor() as cursor:
        _lock(cursor)
    to = RolledZone.objects.values_list("built_to", flat=True).get(zone=zone)
    days = _days(zone)
    some = [day for day in days if to is None or day > to][:DAYS_AT_ONCE]
    if some:
        _rebuild(zone, Portion(some, _all_channels()))
        RolledZone.objects.filter(zone=zone).update(built_to=some[-1])
        return False
    for model in CELLS:
        model._default_manager.filter(_outside(days), zone=zone).delete()
    fresh = {"built_at": Now(), "version": F("version") + 1, "differences": 0, "checked_at": None}
    RolledZone.objects.filter(zone=zone).update(**fresh)
    return True


def _days(zone: str) -> list[date]:
    """From the first day with anything to count to the last."""
    with connection.cursor() as cursor:
        cursor.execute(statements.FIRST_AND_LAST)
        first, last = cursor.fetchone()
    tz = ZoneInfo(zone)
    return Period(first.astimezone(tz).date(), last.astimezone(tz).date()).days if first else []


def _outside(days: list[date]) -> Q:
    return Q(day__lt=days[0]) | Q(day__gt=days[-1]) if days else Q()


def _all_channels() -> list[int]:
    return list(Channel.objects.values_list("pk", flat=True))


def portions(cells: Cells) -> list[Portion]:
    """The cells, each once: neighbouring days go together if the same channels have changed on them."""
    changed: dict[date, set[int]] = {}
    for channel, day in cells:
        changed.setdefault(day, set()).add(channel)
    found: list[Portion] = []
    for day, channels in sorted(changed.items()):
        last = found[-1] if found else None
        follows = last is not None and last.days[-1] == day - DAY and len(last.days) < MAX_PORTION
        if last is not None and follows and last.channels == sorted(channels):
            found[-1] = Portion([*last.days, day], last.channels)
        else:
            found.append(Portion([day], sorted(channels)))
    return found


def _at_once(days: list[date]) -> Iterator[list[date]]:
    for start in range(0, len(days), DAYS_AT_ONCE):
        yield days[start : start + DAYS_AT_ONCE]


def count(zone: str, portion: Portion) -> None:
    """Replace these cells with counts from the tickets, in a transaction."""
    _refresh(statements.REFRESH, zone, portion)


def tally(zone: str, portion: Portion) -> None:
    """`count`, for what messages, replies and events say."""
    _refresh(tally_statements.REFRESH, zone, portion)


def _refresh(statement: str, zone: str, portion: Portion) -> None:
    """A few days take less time than planning the statement, so it is prepared; many days are worth a plan for their
    number of tickets."""
    values = _parameters(zone, portion)
    with connection.cursor() as cursor:
        cursor.execute(statements.SETTINGS)
        if len(portion.days) < DAYS_AT_ONCE:
            prepared.run(statement, values)
        else:
            cursor.execute(statement, values)


def _rebuild(zone: str, portion: Portion) -> None:
    values = _parameters(zone, portion)
    with connection.cursor() as cursor:
        cursor.execute(statements.SETTINGS)
        for statement in (statements.REBUILD, tally_statements.REBUILD):
            cursor.execute(statement, values)


def _parameters(zone: str, portion: Portion) -> dict[str, Any]:
    tz = ZoneInfo(zone)
    edges = [Period(day, day, tz).start for day in portion.days]
    edges.append(Period(portion.days[-1], portion.days[-1], tz).end)
    return {
        "zone": zone,
        "channels": list(portion.channels),
        "first": str(portion.days[0]),
        "edges": [str(edge) for edge in edges],
        "starts_at": edges[0],
        "ends_at": edges[-1],
    }


def check(now: datetime) -> int:
    """Compare every zone that is ready with the tickets, and record how many cells differ; returns their sum. Repairs
    nothing: somebody has to find out why before they are rebuilt."""
    total = 0
    for zone in list(RolledZone.objects.values_list("zone", flat=True)):
        if reading.version(zone) is None:
            continue
        found = differences(zone)
        RolledZone.objects.filter(pk=zone).update(differences=len(found), checked_at=now)
        total += len(found)
    return total


def known_differences() -> int:
    """The result of the last check."""
    return int(RolledZone.objects.aggregate(found=Sum("differences"))["found"] or 0)


def differences(zone: str) -> list[tuple[str, date, int, bool]]:
    """(zone, day, channel, high) of the cells that differ from the tickets, except those due for a refresh."""
    days, channels = _days(zone), _all_channels()
    wrong: set[tuple[str, date, int, bool]] = set()
    for model in CELLS:
        outside = model._default_manager.filter(_outside(days), zone=zone)
        wrong |= set(outside.values_list("zone", "day", "channel_id", "high"))
    for some in _at_once(days):
        wrong |= _differing(zone, Portion(some, channels))
    return sorted(wrong)


@transaction.atomic
def _differing(zone: str, portion: Portion) -> set[tuple[str, date, int, bool]]:
    values, found = _parameters(zone, portion), set()
    with connection.cursor() as cursor:
        cursor.execute(statements.SETTINGS)
        for statement in (*statements.COMPARE, *tally_statements.COMPARE):
            cursor.execute(statement, values)
            found |= set(cursor.fetchall())
    return found
