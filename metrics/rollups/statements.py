"""The statements that count cells from the tickets. They express in SQL what `metrics.definitions` expresses in
conditions; the nightly check and a property test compare both.

One portion is counted at a time: neighbouring days of the same channels, so that an index finds its tickets and each is
read once, whatever is counted of it. Parameters: `zone`, `channels`; `first`, the first day; `edges`, the instants at
which its days begin and, last, at which the last one ends; `starts_at` and `ends_at`, the first and last of these.
"""
# ruff: noqa: S608 (only constants of ours are filled in)

from __future__ import annotations

from collections.abc import Sequence

from mentions.clocks import targets
from mentions.models import Ticket
from mentions.models.event import came_back_sql
from metrics.models import DayTimes
from metrics.rollups.sketch import BUCKET_SQL

_HANDED_OVER = ", ".join(f"'{reason.value}'" for reason in Ticket.HANDED_OVER)
NEEDED = f"""(t.no_reply_reason = ''
    OR t.no_reply_reason IN ({_HANDED_OVER}) AND t.first_reply_at IS NOT NULL)"""
IN_CHANNELS = "t.channel_id = ANY(%(channels)s::bigint[]) AND t.merged_into_id IS NULL"
IS_HIGH = f"t.priority >= {targets.HIGH_PRIORITY}"
DUE = targets.due_sql(
    "t.posted_at",
    targets.target_minutes_sql("c.target_minutes", "t.priority"),
    "c.skips_weekends",
    "c.counts_coverage",
    "c.team_id",
)
SERIES = "(VALUES (false), (true)) series (high)"
"""All tickets, and those of high priority."""
_Measure = DayTimes.Measure
MEASURES = (_Measure.POSTED, _Measure.INGESTED, _Measure.LAG)
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
       AND {IN_CHANNELS}"""


def _place(column: str) -> str:
    """Where a ticket is counted: the number of the day, from 1, and the hour by the clock."""
    return f"""t.channel_id, width_bucket(t.{column}, %(edges)s::timestamptz[]) AS nth,
           {IS_HIGH} AS is_high,
           date_part('hour', t.{column} AT TIME ZONE %(zone)s)::smallint AS hour"""


_SAID = f"""
said AS MATERIALIZED (
    SELECT {_place("posted_at")}, {NEEDED} AS counted, t.posted_at, t.created_at, t.first_reply_at,
           t.status IN ('new', 'open') AS is_open,
           t.first_reply_at IS NOT NULL AND t.first_reply_at <= {DUE} AS in_time
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
    {_tickets_by("first_reply_at")} AND {NEEDED} GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT {_place("solved_at")}, 0, 0, 0, 0, 0, 0, 0, count(*) {_tickets_by("solved_at")} GROUP BY 1, 2, 3, 4
),
counts AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, series.high,
           {", ".join(f"sum({name})::int AS {name}" for name in _NUMBERS)}, {_hours("mentions")}, {_hours("replied")}
      FROM every JOIN {SERIES} ON NOT series.high OR is_high GROUP BY nth, channel_id, series.high
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


_KINDS = [(measure, high) for measure in MEASURES for high in (False, True)]
_ARRAYS = ", ".join(f"{_sorted(measure, high=high)} AS s{measure.value}{high}" for measure, high in _KINDS)
_LISTED = ", ".join(f"({measure.value}::smallint, {high}, s{measure.value}{high})" for measure, high in _KINDS)
TIMES = ("median_s", "p75_s", "p90_s", "buckets", "counts", "seconds")


def timed(rows: str) -> str:
    """The cells of sorted durations: of each channel, day, `high` and measure in `rows`."""
    return f"""times AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, high, measure,
           {_percentile(0.5)} AS median_s, {_percentile(0.75)} AS p75_s,
           {_percentile(0.9)} AS p90_s, bars.buckets, bars.counts, seconds
      FROM {rows} CROSS JOIN LATERAL (
        SELECT array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts FROM (
            SELECT {BUCKET_SQL.format(seconds="s")} AS bucket, count(*)::int AS n FROM unnest(seconds) s GROUP BY 1
        ) bar) bars
     WHERE seconds IS NOT NULL
)"""


_TIMED_CELLS = f"""
took AS (SELECT channel_id, nth, {_ARRAYS} FROM said GROUP BY 1, 2),
{timed(f"took CROSS JOIN LATERAL (VALUES {_LISTED}) x (measure, high, seconds)")}"""
KEY = ("zone", "day", "channel_id", "high")
TIMES_KEY = (*KEY, "measure")
_DAYS = "%(first)s::date AND %(first)s::date + cardinality(%(edges)s::timestamptz[]) - 2"


def forget(table: str, among: str = "true") -> str:
    return f"""DELETE FROM {table}
     WHERE zone = %(zone)s AND day BETWEEN {_DAYS} AND channel_id = ANY(%(channels)s::bigint[]) AND {among}"""


def forget_times(measures: Sequence[DayTimes.Measure]) -> str:
    return forget("metrics_daytimes", _of(measures))


def _of(measures: Sequence[DayTimes.Measure]) -> str:
    return f"measure IN ({', '.join(str(measure.value) for measure in measures)})"


def insert(table: str, columns: tuple[str, ...], rows: str) -> str:
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows}"


WRITE = (
    forget("metrics_daycount"),
    forget_times(MEASURES),
    f"""WITH {_SAID}, {_COUNTED_CELLS}, {_TIMED_CELLS},
written AS ({insert("metrics_daycount", (*KEY, *_COUNTS), "counts")})
{insert("metrics_daytimes", (*TIMES_KEY, *TIMES), "times")}""",
)
"""Delete the cells, then write them anew from the tickets."""


def compared(
    cells: str, table: str, key: tuple[str, ...], values: tuple[str, ...], rows: str, due: str, among: str = "true"
) -> str:
    """One statement, hence one snapshot: the cells that differ, except those `due` for the next refresh."""
    counted, stored = (", ".join(f"{alias}.{name}" for name in values) for alias in ("n", "r"))
    nth = "coalesce(n.day, r.day) - %(first)s::date"
    return f"""WITH {cells},
noted AS MATERIALIZED ({due})
SELECT DISTINCT %(zone)s, day, channel_id, high FROM {rows} n
  FULL JOIN (SELECT * FROM {table} WHERE zone = %(zone)s AND day BETWEEN {_DAYS} AND {among}) r USING ({", ".join(key)})
 WHERE ({counted}) IS DISTINCT FROM ({stored}) AND NOT EXISTS (
    SELECT 1 FROM noted h
     WHERE h.channel_id = coalesce(n.channel_id, r.channel_id)
       AND h.at < (%(edges)s::timestamptz[])[{nth} + 2]
       AND h.at + interval '1 hour' > (%(edges)s::timestamptz[])[{nth} + 1])
"""


def compared_times(cells: str, measures: Sequence[DayTimes.Measure], due: str) -> str:
    return compared(cells, "metrics_daytimes", TIMES_KEY, TIMES, "times", due, _of(measures))


_DUE_TO_COUNT = "SELECT channel_id, at FROM metrics_changedhour WHERE of_ticket"
COMPARE = (
    compared(f"{_SAID}, {_COUNTED_CELLS}", "metrics_daycount", KEY, _COUNTS, "counts", _DUE_TO_COUNT),
    compared_times(f"{_SAID}, {_TIMED_CELLS}", MEASURES, _DUE_TO_COUNT),
)
SETTINGS = """SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true),
       set_config('random_page_cost', '1.1', true)"""
"""Until the end of the transaction: some hundred thousand tickets are sorted in memory, compiling the statement takes
longer than a refresh, and what is looked up ticket by ticket is in memory, too."""
_TAKE = """
WITH taken AS (
    DELETE FROM metrics_changedhour
     WHERE id IN (SELECT id FROM metrics_changedhour WHERE {which} ORDER BY id LIMIT %s) RETURNING channel_id, at
)
SELECT DISTINCT channel_id, at FROM taken
"""
TAKE, TAKE_SAID = _TAKE.format(which="of_ticket"), _TAKE.format(which="NOT of_ticket")
HAND_ON = """
INSERT INTO metrics_changedhour (channel_id, at, of_ticket)
SELECT channel_id, at, false FROM unnest(%s::bigint[], %s::timestamptz[]) x (channel_id, at)
"""
TAKE_TICKETS = """
WITH taken AS (
    DELETE FROM metrics_changedticket WHERE id IN (SELECT id FROM metrics_changedticket ORDER BY id LIMIT %s)
    RETURNING ticket_id, channel_id
)
SELECT DISTINCT h.channel_id, h.at
  FROM (SELECT DISTINCT ticket_id, channel_id FROM taken) c, metrics_hours_of_ticket(c.ticket_id, c.channel_id) h
"""
_FIRST_AND_LAST = {
    "mentions_ticket": ("posted_at", "first_reply_at", "solved_at"),
    "mentions_message": ("posted_at",),
    "mentions_reply": ("created_at",),
}
_ENDS = " UNION ALL ".join(
    f"(SELECT {column} AS at FROM {table} WHERE {column} IS NOT NULL ORDER BY {column} {way} LIMIT 1)"
    for table, columns in _FIRST_AND_LAST.items()
    for column in columns
    for way in ("ASC", "DESC")
)
_OF_EVENTS = " UNION ALL ".join(
    f"""(SELECT e.at FROM auth_user u CROSS JOIN LATERAL (
        SELECT at FROM mentions_event WHERE actor_id = u.id ORDER BY at {way} LIMIT 1) e) UNION ALL
        (SELECT at FROM mentions_event e WHERE {came_back_sql("e")} ORDER BY at {way} LIMIT 1)"""
    for way in ("ASC", "DESC")
)
FIRST_AND_LAST = f"SELECT min(at), max(at) FROM ({_ENDS} UNION ALL {_OF_EVENTS}) times"
"""Each of them is the end of an index."""
