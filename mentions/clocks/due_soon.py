"""When a first reply is due soon: from its channel's lead time before the due time until it is overdue. One rule for
lists, search, reports, the page's own clock and the alert.

The lead time runs on the ticket's own clock: thirty minutes of coverage hours before Monday 08:10 begin on Friday. So
the people who are warned are there to answer. A lead time of 0 never warns.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField, F, Func, Q
from django.db.models.lookups import LessThanOrEqual

from channels.models import Channel
from mentions.clocks.covered import CoveredTime
from mentions.clocks.overdue import OPEN
from mentions.clocks.targets import BUSINESS_WEEK, covered_counter_sql
from mentions.models import Ticket

MAX_MINUTES = 14 * 1440
_WEEK = timedelta(weeks=1)
_WEEK_S = int(BUSINESS_WEEK.total_seconds())


def default_minutes() -> int:
    """The lead time of channels without their own."""
    return int(settings.DUE_SOON_MINUTES)


def lead_minutes(channel: Channel) -> int:
    own = channel.due_soon_minutes
    return min(default_minutes() if own is None else own, MAX_MINUTES)


def begins(
    due_at: datetime, minutes: int, *, skips_weekends: bool = False, coverage: CoveredTime | None = None
) -> datetime | None:
    """`minutes` before `due_at` (aware UTC), counting only business days or coverage hours; None if `minutes` is 0.
    Pure."""
    if not minutes:
        return None
    lead = timedelta(minutes=minutes)
    if coverage is not None:
        return coverage.at(coverage.counter(due_at) - lead)
    if not skips_weekends:
        return due_at - lead
    due_at = due_at.astimezone(UTC)
    monday = (due_at - timedelta(days=due_at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    left = min(due_at - monday, BUSINESS_WEEK) - lead
    weeks = max(-(left // BUSINESS_WEEK), 0)
    return monday - weeks * _WEEK + left + weeks * BUSINESS_WEEK


def begins_sql(due_at: str, own_minutes: str, skips_weekends: str, counts_coverage: str, team: str) -> str:
    """`begins` as an SQL expression over columns; `own_minutes` is the channel's own lead time or null, `team` whose
    coverage hours count or null."""
    lead = f"(least(coalesce({own_minutes}, {default_minutes()}), {MAX_MINUTES}) * 60)"
    monday = f"(date_trunc('week', {due_at} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')"
    left = f"(least(extract(epoch FROM {due_at} - {monday}), {_WEEK_S}) - {lead})"
    weeks = f"greatest(-floor({left} / {_WEEK_S}), 0)::int"
    shifted = f"make_interval(hours => -168 * {weeks}, secs => ({left} + {_WEEK_S} * {weeks})::double precision)"
    counter = covered_counter_sql(due_at, team)
    return (
        f"CASE WHEN {lead} = 0 THEN NULL"
        f" WHEN {counts_coverage} THEN {_COVERED.format(counter=counter, lead=lead, team=team)}"
        f" WHEN {skips_weekends} THEN {monday} + {shifted}"
        f" ELSE {due_at} - make_interval(secs => {lead}) END"
    )


_COVERED = """(
    SELECT coalesce((
        SELECT s.starts_at + make_interval(secs => (n.needed - s.before_s)::double precision)
          FROM mentions_coveredspan s WHERE s.team = coalesce({team}, 0) AND s.before_s <= floor(n.needed)::bigint
         ORDER BY s.starts_at DESC LIMIT 1
    ), 'epoch'::timestamptz + make_interval(secs => n.needed::double precision))
      FROM (SELECT {counter} - {lead} AS needed) n)"""


class Begins(Func):
    """`begins` of a ticket, in a queryset."""

    output_field = DateTimeField()

    def __init__(self) -> None:
        of_channel = (
            f"channel__{name}" for name in ("due_soon_minutes", "skips_weekends", "counts_coverage", "team_id")
        )
        super().__init__(F("due_at"), *map(F, of_channel))

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """All are columns without parameters, so each may be repeated in the SQL."""
        return begins_sql(*(compiler.compile(each)[0] for each in self.get_source_expressions())), ()


def due_soon(now: datetime) -> Q:
    # The cheap condition first: aggregates evaluate them in this order, for every open ticket.
    return Q(due_at__gte=now, status__in=OPEN) & Q(LessThanOrEqual(Begins(), now))


def sql() -> str:
    """`due_soon` as SQL over `mentions_ticket`; the caller fills in `%(now)s`."""
    of_channel = ("sc.due_soon_minutes", "sc.skips_weekends", "sc.counts_coverage", "sc.team_id")
    begin = begins_sql("mentions_ticket.due_at", *of_channel)
    return (
        "mentions_ticket.due_at >= %(now)s::timestamptz AND mentions_ticket.status IN ('new', 'open') AND "  # noqa: S608
        f"(SELECT {begin} FROM channels_channel sc WHERE sc.id = mentions_ticket.channel_id) <= %(now)s::timestamptz"
    )


def begins_for(ticket: Ticket) -> datetime | None:
    """When this ticket becomes due soon; None if it never does. One query where its channel counts coverage hours."""
    if ticket.due_at is None:
        return None
    channel, minutes = ticket.channel, lead_minutes(ticket.channel)
    if not channel.counts_coverage:
        return begins(ticket.due_at, minutes, skips_weekends=channel.skips_weekends)
    with connection.cursor() as cursor:
        expression = begins_sql("x.due_at", "x.minutes", "false", "true", "x.team")
        statement = f"SELECT {expression} FROM (SELECT %s::timestamptz, %s::int, %s::bigint) x (due_at, minutes, team)"  # noqa: S608
        cursor.execute(statement, [ticket.due_at, minutes, channel.team_id])
        found: datetime | None = cursor.fetchone()[0]
        return found
