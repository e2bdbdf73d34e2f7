"""The statements that count cells from the tickets. They express in SQL what `metrics.definitions` expresses in
conditions; the nightly check and a property test compare both.

One portion is counted at a time: neighbouring days of the same channels, so that an index finds its tickets and each is
read once, whatever is counted of it. Parameters: `zone`, `channels`; `first`, the first day; `edges`, the instants at
which its days begin and, last, at which the last one ends; `starts_at` and `ends_at`, the first and last of these.
"""
# ruff: noqa: S608 (only constants of ours are filled in)

from __future__ import annotations

from mentions.clocks import targets
from mentions.models import Ticket
from metrics.models import DayTimes
from metrics.rollups.sketch import BUCKET_SQL

_HANDED_OVER = ", ".join(f"'{reason.value}'" for reason in Ticket.HANDED_OVER)
_COUNTED = f"""(t.no_reply_reason = ''
    OR t.no_reply_reason IN ({_HANDED_OVER}) AND t.first_reply_at IS NOT NULL)"""
_DUE = targets.due_sql(
    "t.posted_at",
    targets.target_minutes_sql("c.target_minutes", "t.priority"),
    "c.skips_weekends",
    "c.counts_coverage",
    "c.team_id",
)
_SERIES = "(VALUES (false), (true)) series (high)"
"""All tickets, and those of high priority."""
_Measure = DayTimes.Measure
_SECONDS = {
    _Measure.POSTED: "date_part('epoch', first_reply_at - posted_at)",
    _Measure.INGESTED: "greatest(date_part('epoch', first_reply_at - created_at), 0)",
    _Measure.LAG: "date_part('epoch', created_at - posted_at)",
}


def _tickets_by(column: str) -> str:
    """Tickets of the portion by one of their times."""
    return f"""
      FROM mentions_ticket t JOIN channels_channel c ON c.id = t.channel_id
     WHERE t.{column} >= %(starts_at)s::timestamptz AND t.{column} < %(ends_at)s::timestamptz
       AND t.channel_id = ANY(%(channels)s::bigint[]) AND t.merged_into_id IS NULL"""


def _place(column: str) -> str:
    """Where a ticket is counted: the number of the day, from 1, and the hour by the clock."""
    return f"""t.channel_id, width_bucket(t.{column}, %(edges)s::timestamptz[]) AS nth,
           t.priority >= {targets.HIGH_PRIORITY} AS is_high,
           date_part('hour', t.{column} AT TIME ZONE %(zone)s)::smallint AS hour"""


_SAID = f"""
said AS MATERIALIZED (
    SELECT {_place("posted_at")}, {_COUNTED} AS counted, t.posted_at, t.created_at, t.first_reply_at,
           t.status IN ('new', 'open') AS is_open,
           t.first_reply_at IS NOT NULL AND t.first_reply_at <= {_DUE} AS in_time
    {_tickets_by("posted_at")}
)"""


def _hours(name: str) -> str:
    slots = ", ".join(f"coalesce(sum({name}) FILTER (WHERE hour = {hour}), 0)::int" for hour in range(24))
    return f"ARRAY[{slots}] AS {name}_hours"


_NUMBERS = ("mentions", "answered", "within", "open", "unsettled", "no_reply", "replied", "solved")
_COUNTS = (*_NUMBERS, "mentions_hours", "replied_hours")
_COUNTED_CELLS = f"""
every AS (
    SELECT channel_id, nth, is_high, hour, count(*) AS mentions,
           count(*) FILTER (WHERE counted AND first_reply_at IS NOT NULL) AS answered,
           count(*) FILTER (WHERE counted AND in_time) AS within,
           count(*) FILTER (WHERE counted AND first_reply_at IS NULL AND is_open) AS open,
           count(*) FILTER (WHERE counted AND first_reply_at IS NULL AND NOT is_open) AS unsettled,
           count(*) FILTER (WHERE NOT counted) AS no_reply, 0::bigint AS replied, 0::bigint AS solved
      FROM said GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT {_place("first_reply_at")}, 0, 0, 0, 0, 0, 0, count(*), 0
    {_tickets_by("first_reply_at")} AND {_COUNTED} GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT {_place("solved_at")}, 0, 0, 0, 0, 0, 0, 0, count(*) {_tickets_by("solved_at")} GROUP BY 1, 2, 3, 4
),
counts AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, series.high,
           {", ".join(f"sum({name})::int AS {name}" for name in _NUMBERS)}, {_hours("mentions")}, {_hours("replied")}
      FROM every JOIN {_SERIES} ON NOT series.high OR is_high GROUP BY nth, channel_id, series.high
)"""


def _sorted(measure: DayTimes.Measure, *, high: bool) -> str:
    """The durations of a measure, shortest first: the first replies of tickets that needed one, the lag of all."""
    among = "" if measure == _Measure.LAG else "counted AND first_reply_at IS NOT NULL"
    among = " AND ".join(condition for condition in (among, "is_high" * high) if condition)
    chosen = f" FILTER (WHERE {among})" if among else ""
    return f"array_agg({_SECONDS[measure]} ORDER BY {_SECONDS[measure]}){chosen}"


def _percentile(share: float) -> str:
    """Interpolated as `percentile_cont` does it, from the sorted array."""
    place = f"{share} * (cardinality(seconds) - 1)"
    low, high = f"seconds[1 + floor({place})::int]", f"seconds[1 + ceil({place})::int]"
    return f"{low} + ({high} - {low}) * ({place} - floor({place}))"


_KINDS = [(measure, high) for measure in _Measure for high in (False, True)]
_ARRAYS = ", ".join(f"{_sorted(measure, high=high)} AS s{measure.value}{high}" for measure, high in _KINDS)
_LISTED = ", ".join(f"({measure.value}::smallint, {high}, s{measure.value}{high})" for measure, high in _KINDS)
_TIMES = ("median_s", "p75_s", "p90_s", "buckets", "counts", "seconds")
_TIMED_CELLS = f"""
took AS (SELECT channel_id, nth, {_ARRAYS} FROM said GROUP BY 1, 2),
times AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, high, measure,
           {_percentile(0.5)} AS median_s, {_percentile(0.75)} AS p75_s,
           {_percentile(0.9)} AS p90_s, bars.buckets, bars.counts, seconds
      FROM took CROSS JOIN LATERAL (VALUES {_LISTED}) x (measure, high, seconds) CROSS JOIN LATERAL (
        SELECT array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts FROM (
            SELECT {BUCKET_SQL.format(seconds="s")} AS bucket, count(*)::int AS n FROM unnest(seconds) s GROUP BY 1
        ) bar) bars
     WHERE seconds IS NOT NULL
)"""
_KEY = ("zone", "day", "channel_id", "high")
_TIMES_KEY = (*_KEY, "measure")
_DAYS = "%(first)s::date AND %(first)s::date + cardinality(%(edges)s::timestamptz[]) - 2"


def _forget(table: str) -> str:
    return f"""DELETE FROM {table}
     WHERE zone = %(zone)s AND day BETWEEN {_DAYS} AND channel_id = ANY(%(channels)s::bigint[])"""


def _insert(table: str, columns: tuple[str, ...], rows: str) -> str:
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows}"


WRITE = (
    _forget("metrics_daycount"),
    _forget("metrics_daytimes"),
    f"""WITH {_SAID}, {_COUNTED_CELLS}, {_TIMED_CELLS},
written AS ({_insert("metrics_daycount", (*_KEY, *_COUNTS), "counts")})
{_insert("metrics_daytimes", (*_TIMES_KEY, *_TIMES), "times")}""",
)
"""Delete the cells, then write them anew from the tickets."""


def _compared(table: str, key: tuple[str, ...], values: tuple[str, ...], cells: str, rows: str) -> str:
    """One statement, hence one snapshot: the cells that differ, except those due for the next refresh."""
    counted, stored = (", ".join(f"{alias}.{name}" for name in values) for alias in ("n", "r"))
    nth = "coalesce(n.day, r.day) - %(first)s::date"
    return f"""WITH {_SAID}, {cells}
SELECT DISTINCT %(zone)s, day, channel_id, high FROM {rows} n
  FULL JOIN (SELECT * FROM {table} WHERE zone = %(zone)s AND day BETWEEN {_DAYS}) r USING ({", ".join(key)})
 WHERE ({counted}) IS DISTINCT FROM ({stored}) AND NOT EXISTS (
    SELECT 1 FROM metrics_changedhour h
     WHERE h.channel_id = coalesce(n.channel_id, r.channel_id)
       AND h.at < (%(edges)s::timestamptz[])[{nth} + 2]
       AND h.at + interval '1 hour' > (%(edges)s::timestamptz[])[{nth} + 1])
"""


COMPARE = (
    _compared("metrics_daycount", _KEY, _COUNTS, _COUNTED_CELLS, "counts"),
    _compared("metrics_daytimes", _TIMES_KEY, _TIMES, _TIMED_CELLS, "times"),
)
SETTINGS = "SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)"
"""Until the end of the transaction: some hundred thousand tickets are sorted in memory, and compiling the statement
takes longer than a refresh."""
TAKE = """
WITH taken AS (
    DELETE FROM metrics_changedhour WHERE id IN (SELECT id FROM metrics_changedhour ORDER BY id LIMIT %s)
    RETURNING channel_id, at
)
SELECT DISTINCT channel_id, at FROM taken
"""
FIRST_AND_LAST = """
SELECT min(at), max(at) FROM (
    SELECT min(posted_at) AS at FROM mentions_ticket UNION ALL SELECT max(posted_at) FROM mentions_ticket
    UNION ALL SELECT min(first_reply_at) FROM mentions_ticket WHERE first_reply_at IS NOT NULL
    UNION ALL SELECT max(first_reply_at) FROM mentions_ticket WHERE first_reply_at IS NOT NULL
    UNION ALL SELECT min(solved_at) FROM mentions_ticket WHERE solved_at IS NOT NULL
    UNION ALL SELECT max(solved_at) FROM mentions_ticket WHERE solved_at IS NOT NULL
) times
"""
