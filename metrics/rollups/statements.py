"""The statements that count cells from the tickets. They say in SQL what `metrics.definitions` says in conditions; the
nightly check and a property test compare both.

Parameters: `zone`; `channels` and `days`, the cells; `edges`, `starts` and `ends`, the distinct days with their
beginning and end as instants.
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
)
_CELLS = """
cell AS MATERIALIZED (SELECT * FROM unnest(%(channels)s::bigint[], %(days)s::date[]) x (channel_id, day)),
edge AS MATERIALIZED (
    SELECT * FROM unnest(%(edges)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) x (day, starts, ends)
),
series AS (SELECT * FROM (VALUES (false), (true)) x (high))
"""


def _tickets_by(column: str) -> str:
    """Tickets of the cells by one of their times, once for each series they belong to."""
    return f"""
      FROM edge JOIN mentions_ticket t ON t.{column} >= edge.starts AND t.{column} < edge.ends
      JOIN channels_channel c ON c.id = t.channel_id
      JOIN cell ON cell.day = edge.day AND cell.channel_id = t.channel_id
      JOIN series ON NOT series.high OR t.priority >= {targets.HIGH_PRIORITY}
"""


_COUNTED_ROWS = f"""
WITH {_CELLS},
said AS (
    SELECT t.channel_id, edge.day, series.high, {_COUNTED} AS counted, t.first_reply_at, t.status,
           CASE WHEN t.first_reply_at IS NOT NULL THEN t.first_reply_at <= {_DUE} END AS in_time
    {_tickets_by("posted_at")} WHERE t.merged_into_id IS NULL
),
every AS (
    SELECT channel_id, day, high, count(*) AS mentions,
           count(*) FILTER (WHERE counted AND first_reply_at IS NOT NULL) AS answered,
           count(*) FILTER (WHERE counted AND in_time) AS within,
           count(*) FILTER (WHERE counted AND first_reply_at IS NULL AND status IN ('new', 'open')) AS open,
           count(*) FILTER (WHERE counted AND first_reply_at IS NULL AND status NOT IN ('new', 'open')) AS unsettled,
           count(*) FILTER (WHERE NOT counted) AS no_reply, 0::bigint AS replied, 0::bigint AS solved
      FROM said GROUP BY 1, 2, 3
    UNION ALL
    SELECT t.channel_id, edge.day, series.high, 0, 0, 0, 0, 0, 0, count(*), 0 {_tickets_by("first_reply_at")}
     WHERE t.merged_into_id IS NULL AND {_COUNTED} GROUP BY 1, 2, 3
    UNION ALL
    SELECT t.channel_id, edge.day, series.high, 0, 0, 0, 0, 0, 0, 0, count(*) {_tickets_by("solved_at")}
     WHERE t.merged_into_id IS NULL GROUP BY 1, 2, 3
)
SELECT %(zone)s AS zone, day, channel_id, high, sum(mentions)::int AS mentions, sum(answered)::int AS answered,
       sum(within)::int AS within, sum(open)::int AS open, sum(unsettled)::int AS unsettled,
       sum(no_reply)::int AS no_reply, sum(replied)::int AS replied, sum(solved)::int AS solved
  FROM every GROUP BY day, channel_id, high
"""
_COUNTS = ("mentions", "answered", "within", "open", "unsettled", "no_reply", "replied", "solved")
_REPLIED = f"{_COUNTED} AND t.first_reply_at IS NOT NULL"
_MEASURES = f"""(VALUES
    ({DayTimes.Measure.POSTED.value}::smallint,
     CASE WHEN {_REPLIED} THEN extract(epoch FROM t.first_reply_at - t.posted_at) END),
    ({DayTimes.Measure.INGESTED.value}::smallint,
     CASE WHEN {_REPLIED} THEN greatest(extract(epoch FROM t.first_reply_at - t.created_at), 0) END),
    ({DayTimes.Measure.LAG.value}::smallint, extract(epoch FROM t.created_at - t.posted_at))
) m (measure, exact)"""
_TIMED_ROWS = f"""
WITH {_CELLS},
took AS MATERIALIZED (
    SELECT t.channel_id, edge.day, series.high, m.measure, m.exact::double precision AS seconds
    {_tickets_by("posted_at")} CROSS JOIN LATERAL {_MEASURES}
     WHERE t.merged_into_id IS NULL AND m.exact IS NOT NULL
),
exact AS (
    SELECT channel_id, day, high, measure,
           percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY seconds) AS percentiles
      FROM took GROUP BY 1, 2, 3, 4
),
bars AS (
    SELECT channel_id, day, high, measure, {BUCKET_SQL.format(seconds="seconds")} AS bucket, count(*)::int AS n
      FROM took GROUP BY 1, 2, 3, 4, 5
),
sketch AS (
    SELECT channel_id, day, high, measure, array_agg(bucket ORDER BY bucket) AS buckets,
           array_agg(n ORDER BY bucket) AS counts
      FROM bars GROUP BY 1, 2, 3, 4
)
SELECT %(zone)s AS zone, day, channel_id, high, measure, percentiles[1] AS median_s, percentiles[2] AS p75_s,
       percentiles[3] AS p90_s, buckets, counts
  FROM exact JOIN sketch USING (channel_id, day, high, measure)
"""
_TIMES = ("median_s", "p75_s", "p90_s", "buckets", "counts")


def _written(table: str, key: tuple[str, ...], values: tuple[str, ...], rows: str) -> tuple[str, str]:
    """Two statements: forget the cells, write what the tickets say."""
    forget = f"""DELETE FROM {table} r USING unnest(%(channels)s::bigint[], %(days)s::date[]) x (channel_id, day)
        WHERE r.zone = %(zone)s AND r.channel_id = x.channel_id AND r.day = x.day"""
    columns = ", ".join((*key, *values))
    return forget, f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({rows}) counted"


def _compared(table: str, key: tuple[str, ...], values: tuple[str, ...], rows: str) -> str:
    """One statement, hence one moment: the cells that differ, but for those that the next refresh counts again."""
    key = key[1:]
    counted, stored = (", ".join(f"{alias}.{name}" for name in values) for alias in ("n", "r"))
    return f"""
SELECT DISTINCT %(zone)s, day, channel_id, high FROM ({rows}) n
  FULL JOIN (SELECT * FROM {table} WHERE zone = %(zone)s AND day = ANY(%(edges)s)) r USING ({", ".join(key)})
 WHERE ({counted}) IS DISTINCT FROM ({stored}) AND NOT EXISTS (
    SELECT 1 FROM metrics_changedhour h
      JOIN unnest(%(edges)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) e (edge, starts, ends)
        ON h.at < e.ends AND h.at + interval '1 hour' > e.starts
     WHERE h.channel_id = coalesce(n.channel_id, r.channel_id) AND e.edge = coalesce(n.day, r.day))
"""


_KEY = ("zone", "day", "channel_id", "high")
_COUNT_TABLE = ("metrics_daycount", _KEY, _COUNTS, _COUNTED_ROWS)
_TIME_TABLE = ("metrics_daytimes", (*_KEY, "measure"), _TIMES, _TIMED_ROWS)
WRITE = (*_written(*_COUNT_TABLE), *_written(*_TIME_TABLE))
COMPARE = (_compared(*_COUNT_TABLE), _compared(*_TIME_TABLE))
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
