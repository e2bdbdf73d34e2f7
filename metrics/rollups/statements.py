"""The statements that count cells from the tickets. They express in SQL what `metrics.definitions` expresses in
conditions; the nightly check and a property test compare both.

One portion is counted at a time: neighbouring days of the same channels, so that an index finds its tickets and each is
read once, whatever is counted of it. Parameters: `zone`, `channels`; `first`, the first day; `edges`, the instants at
which its days begin and, last, at which the last one ends; `starts_at` and `ends_at`, the first and last of these.
"""
# ruff: noqa: S608 (only constants of ours are filled in)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mentions.clocks import targets
from mentions.clocks.covered import is_covered_sql
from mentions.models import Ticket
from mentions.models.event import came_back_sql
from metrics.models import DayTally, DayTimes
from metrics.rollups import sides
from metrics.rollups.sketch import BUCKET_SQL

_HANDED_OVER = ", ".join(f"'{reason.value}'" for reason in Ticket.HANDED_OVER)
NEEDED = f"""(t.no_reply_reason = ''
    OR t.no_reply_reason IN ({_HANDED_OVER}) AND t.first_reply_at IS NOT NULL)"""
IS_HIGH = f"t.priority >= {targets.HIGH_PRIORITY}"
DUE = targets.due_sql(
    "t.posted_at",
    targets.target_minutes_sql("c.target_minutes", "t.priority"),
    "c.skips_weekends",
    "c.counts_coverage",
    "c.team_id",
)
NEVER = "DATE '0001-01-01'"
SERIES = "(VALUES (false), (true)) series (high)"
"""All tickets, and those of high priority."""
EDGES = "(SELECT %(edges)s::timestamptz[])"
CHANNELS = "ARRAY(SELECT unnest(%(channels)s::bigint[]))"
"""As a query, each is read once and not for every row, whatever its type was on the way here."""
IN_CHANNELS = f"t.channel_id = ANY({CHANNELS}) AND t.merged_into_id IS NULL"
_Measure = DayTimes.Measure
_ANSWERED = "counted AND first_reply_at IS NOT NULL"
_TIMED = {
    _Measure.POSTED: ("posted_s", _ANSWERED),
    _Measure.INGESTED: ("ingested_s", _ANSWERED),
    _Measure.LAG: ("lag_s", ""),
    **{
        measure: ("ingested_s" if from_arrival else "posted_s", f"{_ANSWERED} AND {sides.IS[side]}")
        for (from_arrival, side), measure in sides.TIMED.items()
    },
}
"""Measure → seconds, and of which tickets: the first replies of those that needed one, the lag of all."""
MEASURES = tuple(_TIMED)


def _tickets_by(column: str) -> str:
    """Tickets of the portion by one of their times, with their channels."""
    return f"FROM mentions_ticket t JOIN channels_channel c ON c.id = t.channel_id WHERE {_by(column)}"


def _by(column: str) -> str:
    return f"""t.{column} >= %(starts_at)s::timestamptz AND t.{column} < %(ends_at)s::timestamptz AND {IN_CHANNELS}"""


def _place(column: str) -> str:
    """Where a ticket is counted: the number of the day, from 1, within coverage hours or not, and the hour by the
    clock."""
    return f"""t.channel_id, width_bucket(t.{column}, {EDGES}) AS nth, {IS_HIGH} AS is_high,
           {is_covered_sql(f"t.{column}", "c.team_id")} AS covered,
           date_part('hour', t.{column} AT TIME ZONE %(zone)s)::smallint AS hour"""


_SAID = f"""
said AS MATERIALIZED (
    SELECT {_place("posted_at")}, {NEEDED} AS counted, t.first_reply_at, t.status IN ('new', 'open') AS is_open,
           t.first_reply_at IS NOT NULL AND t.first_reply_at <= {DUE} AS in_time,
           date_part('epoch', t.first_reply_at - t.posted_at) AS posted_s,
           greatest(date_part('epoch', t.first_reply_at - t.created_at), 0) AS ingested_s,
           date_part('epoch', t.created_at - t.posted_at) AS lag_s
      {_tickets_by("posted_at")}
)"""

_NUMBERS = ("mentions", "answered", "within", "open", "unsettled", "no_reply", "replied", "solved")
_BY_HOUR = ("mentions", "replied")
_COUNTS = (*_NUMBERS, *(f"{name}_hours" for name in _BY_HOUR))


def _number(among: str) -> str:
    return f"count(*) FILTER (WHERE {among})::int"


_COUNTED = f"""
every AS MATERIALIZED (
    SELECT channel_id, nth, is_high, covered, hour, count(*)::int AS mentions, {_number(_ANSWERED)} AS answered,
           {_number("counted AND in_time")} AS within,
           {_number("counted AND first_reply_at IS NULL AND is_open")} AS open,
           {_number("counted AND first_reply_at IS NULL AND NOT is_open")} AS unsettled,
           {_number("NOT counted")} AS no_reply, 0 AS replied, 0 AS solved
      FROM said GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT {_place("first_reply_at")}, 0, 0, 0, 0, 0, 0, count(*)::int, 0
      {_tickets_by("first_reply_at")} AND {NEEDED} GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT t.channel_id, width_bucket(t.solved_at, {EDGES}), {IS_HIGH}, true, 0, 0, 0, 0, 0, 0, 0, 0, count(*)::int
      FROM mentions_ticket t WHERE {_by("solved_at")} GROUP BY 1, 2, 3
)"""


def _hours(name: str) -> str:
    slots = ", ".join(f"coalesce(sum({name}) FILTER (WHERE hour = {hour}), 0)::int" for hour in range(24))
    return f"ARRAY[{slots}] AS {name}_hours"


_CELLS = f"""
hourly AS MATERIALIZED (
    SELECT channel_id, nth, series.high, hour, {", ".join(f"sum({name})::int AS {name}" for name in _NUMBERS)}
      FROM every JOIN {SERIES} ON NOT series.high OR is_high GROUP BY 1, 2, 3, 4
),
counts AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, high,
           {", ".join(f"sum({name})::int AS {name}" for name in _NUMBERS)}, {", ".join(map(_hours, _BY_HOUR))}
      FROM hourly GROUP BY nth, channel_id, high
)"""


def tallied(rows: str) -> str:
    """The cells of tallies: rows of `channel_id`, `nth`, `is_high`, `name`, `of`, `before`, `number`."""
    return f"""tallies AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, series.high, name, of, before,
           sum(number)::bigint AS number
      FROM ({rows}) x JOIN {SERIES} ON NOT series.high OR is_high
     GROUP BY nth, channel_id, series.high, name, of, before
)"""


_NAMED = ", ".join(f"('{tally.value}', {count})" for tally, count in sides.COUNTED.items())
_OF_SIDES = f"""SELECT *, {NEVER} AS before
          FROM divided CROSS JOIN LATERAL (VALUES {_NAMED}) named (name, number) WHERE number > 0"""
_SIDES = f"""divided AS (
    SELECT channel_id, nth, is_high, CASE WHEN covered THEN '{sides.COVERED}' ELSE '{sides.AWAY}' END AS of,
           {", ".join(f"sum({count}) AS {count}" for count in sides.COUNTED.values())}
      FROM every GROUP BY channel_id, nth, is_high, covered
),
{tallied(_OF_SIDES)}"""


def _sorted(measure: DayTimes.Measure, *, high: bool) -> str:
    """The durations of a measure, shortest first."""
    seconds, among = _TIMED[measure]
    among = " AND ".join(condition for condition in (among, "is_high" * high) if condition)
    chosen = f" FILTER (WHERE {among})" if among else ""
    return f"array_agg({seconds} ORDER BY {seconds}){chosen}"


def _percentile(share: float) -> str:
    """Interpolated as `percentile_cont` does it, from the sorted array."""
    place = f"{share} * (cardinality(seconds) - 1)"
    low, high = f"seconds[1 + floor({place})::int]", f"seconds[1 + ceil({place})::int]"
    return f"{low} + ({high} - {low}) * ({place} - floor({place}))"


_KINDS = [(measure, high) for measure in MEASURES for high in (False, True)]
_ARRAYS = ", ".join(f"{_sorted(measure, high=high)} AS s{measure.value}{high}" for measure, high in _KINDS)
_LISTED = ", ".join(f"({measure.value}::smallint, {high}, s{measure.value}{high})" for measure, high in _KINDS)
DERIVED = ("median_s", "p75_s", "p90_s", "buckets", "counts")
_DERIVING = f"""CROSS JOIN LATERAL (
    SELECT {_percentile(0.5)} AS median_s, {_percentile(0.75)} AS p75_s, {_percentile(0.9)} AS p90_s,
           array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
      FROM (SELECT {BUCKET_SQL.format(seconds="s")} AS bucket, count(*)::int AS n
              FROM (SELECT unnest(seconds) AS s) each GROUP BY 1) bar
) derived"""
"""From the sorted durations."""


def timed(rows: str) -> str:
    """The cells of sorted durations: of each channel, day, `high` and measure in `rows`."""
    return f"""times AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, high, measure, seconds
      FROM {rows} WHERE seconds IS NOT NULL
)"""


_TIMED_CELLS = f"""
took AS (SELECT channel_id, nth, {_ARRAYS} FROM said GROUP BY 1, 2),
{timed(f"took CROSS JOIN LATERAL (VALUES {_LISTED}) x (measure, high, seconds)")}"""
KEY = ("zone", "day", "channel_id", "high")
TIMES_KEY = (*KEY, "measure")
TALLY_KEY = (*KEY, "name", "of", "before")
_DAYS = f"%(first)s::date AND %(first)s::date + cardinality({EDGES}) - 2"


@dataclass(frozen=True, slots=True)
class Stored:
    """Cells of a table, all or those `among` them, and the query's `rows` that belong there. `deriving`, a lateral
    join, computes the columns `derived` from the `values`."""

    table: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    rows: str
    among: str = "true"
    derived: tuple[str, ...] = ()
    deriving: str = ""

    def _differing(self, rows: str, values: tuple[str, ...]) -> str:
        """The rows (`n`) and the cells (`r`) of the portion that differ."""
        counted, stored = (", ".join(f"{alias}.{name}" for name in values) for alias in ("n", "r"))
        return f"""{rows} n FULL JOIN (
            SELECT * FROM {self.table}
             WHERE zone = %(zone)s AND day BETWEEN {_DAYS} AND channel_id = ANY({CHANNELS}) AND {self.among}
        ) r USING ({", ".join(self.key)}) WHERE ({counted}) IS DISTINCT FROM ({stored})"""

    @property
    def _whole(self) -> tuple[str, tuple[str, ...]]:
        """The rows and columns with what is derived."""
        return f"(SELECT * FROM {self.rows} {self.deriving})", (*self.values, *self.derived)

    @property
    def refreshed(self) -> str:
        """Like `rebuilt`, but whether a cell differs is judged by its `values`, and the others are derived for those
        alone that do: once, if several have the same values."""
        if not self.derived:
            return self.rebuilt
        each = ", ".join(self.values)
        return f"""{self._differ(self.rows, self.values)},
{self.rows}_once AS MATERIALIZED (
    SELECT {each}, {", ".join(self.derived)} FROM (SELECT DISTINCT {each} FROM {self.rows}_differ) x {self.deriving}
),
{self._replaced(f"{self.rows}_differ JOIN {self.rows}_once USING ({each})")}"""

    @property
    def rebuilt(self) -> str:
        """Queries that delete the cells that differ, and then insert what they should be: the count of those deleted
        makes one wait for the other. What is the same stays as it is."""
        return f"{self._differ(*self._whole)},\n{self._replaced(f'{self.rows}_differ')}"

    def _differ(self, rows: str, values: tuple[str, ...]) -> str:
        return f"""{self.rows}_differ AS MATERIALIZED (
    SELECT r.id, {", ".join(self.key)}, {", ".join(f"n.{name}" for name in values)} FROM {self._differing(rows, values)}
)"""

    def _replaced(self, rows: str) -> str:
        names = ", ".join((*self.key, *self.values, *self.derived))
        return f"""{self.rows}_gone AS (
    DELETE FROM {self.table} WHERE id = ANY(ARRAY(SELECT id FROM {self.rows}_differ)) RETURNING id
),
{self.rows}_new AS (
    INSERT INTO {self.table} ({names}) SELECT {names} FROM {rows}
     WHERE {self.values[0]} IS NOT NULL AND (SELECT count(*) FROM {self.rows}_gone) >= 0
)"""

    def compared(self, cells: str, due: str) -> str:
        """One statement, hence one snapshot: the cells that differ, except those `due` for the next refresh."""
        nth = "coalesce(n.day, r.day) - %(first)s::date"
        return f"""WITH {cells},
noted AS MATERIALIZED ({due})
SELECT DISTINCT %(zone)s, day, channel_id, high FROM {self._differing(*self._whole)} AND NOT EXISTS (
    SELECT 1 FROM noted h
     WHERE h.channel_id = coalesce(n.channel_id, r.channel_id)
       AND h.at < {EDGES}[{nth} + 2]
       AND h.at + interval '1 hour' > {EDGES}[{nth} + 1])
"""


def stored_times(measures: Iterable[DayTimes.Measure]) -> Stored:
    among = ", ".join(str(measure.value) for measure in measures)
    return Stored("metrics_daytimes", TIMES_KEY, ("seconds",), "times", f"measure IN ({among})", DERIVED, _DERIVING)


def stored_tallies(names: Iterable[DayTally.Name]) -> Stored:
    among = ", ".join(f"'{name.value}'" for name in names)
    return Stored("metrics_daytally", TALLY_KEY, ("number",), "tallies", f"name IN ({among})")


_COUNTS_OF = Stored("metrics_daycount", KEY, _COUNTS, "counts")
_TALLIES_OF, _TIMES_OF = stored_tallies(sides.COUNTED), stored_times(MEASURES)
_ALL = (_COUNTS_OF, _TALLIES_OF, _TIMES_OF)


def _write(parts: Iterable[str]) -> str:
    """It returns a row, as prepared statements do here."""
    return f"WITH {_SAID}, {_COUNTED}, {_CELLS}, {_SIDES}, {_TIMED_CELLS},\n{', '.join(parts)}\nSELECT 1"


REFRESH = _write(stored.refreshed for stored in _ALL)
"""Make the cells what the tickets say."""
REBUILD = _write(stored.rebuilt for stored in _ALL)


_DUE_TO_COUNT = "SELECT channel_id, at FROM metrics_changedhour WHERE of_ticket"
COMPARE = (
    _COUNTS_OF.compared(f"{_SAID}, {_COUNTED}, {_CELLS}", _DUE_TO_COUNT),
    _TALLIES_OF.compared(f"{_SAID}, {_COUNTED}, {_SIDES}", _DUE_TO_COUNT),
    _TIMES_OF.compared(f"{_SAID}, {_TIMED_CELLS}", _DUE_TO_COUNT),
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
