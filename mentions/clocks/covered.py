"""Time within coverage hours, in Python and in SQL alike.

The calendar on the floor above publishes its spans here: the desk's own and each team's. A counter runs only
while the team is there; the covered time between two instants is the difference of its readings. Before the first span,
and if there are none, every hour counts. Spans are UTC, so DST changes nothing here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.db import connection, transaction
from django.db.models import Q

from mentions.clocks import clocks
from mentions.models import CoveredSpan, Ticket

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DESK = 0
"""The team id used for channels without a team."""
_LOCK = 0x636F7665


@dataclass(frozen=True)
class CoveredTime:
    """Spans in order, without overlaps, aware UTC."""

    spans: Sequence[tuple[datetime, datetime]] = ()

    @cached_property
    def _starts(self) -> list[datetime]:
        return [start for start, _end in self.spans]

    @cached_property
    def before(self) -> list[timedelta]:
        """The counter at the start of each span."""
        readings, reading = [], self.spans[0][0] - EPOCH if self.spans else timedelta()
        for start, end in self.spans:
            readings.append(reading)
            reading += end - start
        return readings

    def counter(self, at: datetime) -> timedelta:
        number = bisect_right(self._starts, at) - 1
        if number < 0:
            return at - EPOCH
        start, end = self.spans[number]
        return self.before[number] + min(at, end) - start

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Negative if `end` is before `start`."""
        return self.counter(end) - self.counter(start)

    def after(self, start: datetime, counted: timedelta) -> datetime | None:
        """The first instant by which so much covered time has passed since `start`; None if the spans end before."""
        if not self.spans:
            return start + counted
        needed = self.counter(start) + counted
        number = bisect_left(self._through, needed)
        if number == len(self.spans):
            return None
        return max(start, self.spans[number][0] + needed - self.before[number])

    def at(self, reading: timedelta) -> datetime:
        """The last instant at which the counter shows this reading: the opposite of `counter`."""
        number = bisect_right(self.before, reading) - 1
        if number < 0:
            return EPOCH + reading
        return self.spans[number][0] + reading - self.before[number]

    @cached_property
    def _through(self) -> list[timedelta]:
        return [before + (end - start) for before, (start, end) in zip(self.before, self.spans, strict=True)]


def load(team: int = DESK) -> CoveredTime:
    """One query."""
    spans = CoveredSpan.objects.filter(team=team).order_by("starts_at")
    return CoveredTime(list(spans.values_list("starts_at", "ends_at")))


def covers(at: datetime, until: datetime | None = None) -> bool:
    """Whether the desk's own hours cover this time, or the time from it `until`; always true while there are none. One
    query."""
    return DESK not in away(at, until)


def away(at: datetime, until: datetime | None = None) -> set[int]:
    """The teams that are away at this time, or from it `until`; includes the desk if its own hours don't cover it. One
    query."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAY, {"at": at, "until": at if until is None else until})
        return {team for (team,) in cursor.fetchall()}


def is_anybody_there(away: Collection[int]) -> bool:
    """Whether the desk or any team is present; `away`: the result of `away`. One query."""
    return not away or CoveredSpan.objects.exclude(team__in=away).exists()


def of_teams(teams: Collection[int], channel: str = "channel") -> Q:
    """A condition for rows of these teams' channels, the desk's included."""
    in_teams = Q(**{f"{channel}__team__in": [team for team in teams if team != DESK]})
    return in_teams | Q(**{f"{channel}__team": None}) if DESK in teams else in_teams


_AWAY = """
SELECT DISTINCT team FROM mentions_coveredspan
EXCEPT SELECT team FROM mentions_coveredspan WHERE starts_at <= %(at)s AND ends_at > %(at)s AND ends_at >= %(until)s
"""


@transaction.atomic
def publish(spans: Iterable[tuple[datetime, datetime]], team: int = DESK) -> bool:
    """Make these the team's covered spans, with edges on whole seconds, and recompute the due times. Writes only
    differences, and returns whether there were any."""
    _lock()
    wanted = CoveredTime(list(spans))
    rows = {
        (start, end, before // SECOND, (before + (end - start)) // SECOND)
        for (start, end), before in zip(wanted.spans, wanted.before, strict=True)
    }
    columns = ("starts_at", "ends_at", "before_s", "through_s")
    of_team = CoveredSpan.objects.filter(team=team)
    stored = set(of_team.values_list(*columns))
    if stored == rows:
        return False
    of_team.filter(starts_at__in=[start for start, *_rest in stored - rows]).delete()
    added = (CoveredSpan(team=team, **dict(zip(columns, row, strict=True))) for row in sorted(rows - stored))
    CoveredSpan.objects.bulk_create(added)
    _renew_due()
    return True


@transaction.atomic
def keep(teams: Collection[int]) -> bool:
    """Delete the spans of all other teams: those no longer exist, and their channels are the desk's. Returns whether
    there were any."""
    _lock()
    deleted, _of = CoveredSpan.objects.exclude(team__in=[DESK, *teams]).delete()
    if deleted:
        _renew_due()
    return bool(deleted)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _renew_due() -> None:
    waiting = Ticket.objects.filter(channel__counts_coverage=True, due_at__isnull=False)
    clocks.recompute(waiting.values_list("pk", flat=True))


def is_covered_sql(at: str, team: str) -> str:
    """SQL for whether an instant lies within a span of its team's hours, or before the first of them. The spans are
    read once for all rows, as two arrays: a lookup per ticket takes seconds where there are a million. Each team's
    times are shifted by a century more than the previous team's, so that each array is a single sorted list."""
    starts, ends = (_SPANS.format(column=name) for name in ("starts_at", "ends_at"))
    century = f"coalesce({team}, 0) * {_CENTURY}"
    shifted = f"({at} + {century})"
    number = f"width_bucket({shifted}, (SELECT {starts}))"
    is_of_team = f"(SELECT {starts})[{number}] >= {_BEGIN} + {century}"
    return f"coalesce(CASE WHEN {is_of_team} THEN (SELECT {ends})[{number}] > {shifted} END, true)"


_CENTURY = "interval '878400 hours'"
_BEGIN = "timestamptz '1970-01-01 00:00+00'"
_SPANS = f"array_agg(s.{{column}} + s.team * {_CENTURY} ORDER BY s.team, s.starts_at) FROM mentions_coveredspan s"
