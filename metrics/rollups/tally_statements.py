"""The statements that tally what messages, replies and events say of a day: how mentions ended, and who worked on
them. They express in SQL what `metrics.outcome_conditions` and `metrics.advocates.counting` express in conditions; the
nightly check and property tests compare both.

Portions and parameters are those of `metrics.rollups.statements`. A figure that counts a ticket once, however often
something happened to it, notes the day before on which it did (`before`): over any days, only that is counted whose day
before lies before them.
"""
# ruff: noqa: S608 (only constants of ours are filled in)

from __future__ import annotations

from mentions.clocks import covered
from mentions.clocks.counted import NOISE_REASONS
from mentions.clocks.first_reply import IS_REPLY_SQL
from mentions.models import EventKind, Reply
from mentions.models.event import came_back_sql
from metrics import outcome_conditions as conditions
from metrics import reach_keys
from metrics.models import DayTally, DayTimes
from metrics.rollups import statements
from metrics.rollups.statements import IS_HIGH, NEEDED, SERIES

IN_CHANNELS = "t.channel_id + 0 = ANY(%(channels)s::bigint[]) AND t.merged_into_id IS NULL"
"""Indexes on times and tickets find them. One on channels, which the 0 keeps out, would read all that a channel had."""

_OPEN = "('new', 'open')"
_NOISE = ", ".join(f"'{reason.value}'" for reason in NOISE_REASONS)
_REOPENS = ", ".join(f"'{kind.value}'" for kind in conditions.REOPENS)
_FAILED = ", ".join(f"'{state.value}'" for state in conditions.FAILED)
_NEVER = "DATE '0001-01-01'"
_NOBODY = "''"


def _within(column: str) -> str:
    return f"{column} >= %(starts_at)s::timestamptz AND {column} < %(ends_at)s::timestamptz"


def _nth(column: str) -> str:
    return f"width_bucket({column}, %(edges)s::timestamptz[])"


def _day(moment: str) -> str:
    return f"coalesce(({moment} AT TIME ZONE %(zone)s)::date, {_NEVER})"


_EARLIER = "< (%(edges)s::timestamptz[])[nth]"
"""Before the day at hand begins."""


def _tallied(name: DayTally.Name, rows: str, of: str = _NOBODY, before: str = _NEVER, number: str = "count(*)") -> str:
    """How many of these rows, which have `channel_id`, `nth`, `is_high` and what is named."""
    return f"""SELECT channel_id, nth, is_high, '{name.value}' AS name, x.of::text AS of, x.before, x.number FROM (
        SELECT channel_id, nth, is_high, {of} AS of, {before} AS before, {number} AS number FROM {rows}
         GROUP BY 1, 2, 3, 4, 5) x"""


# --- how they ended ---------------------------------------------------------------------------------------------------

_IS_REOPENING = f"{came_back_sql('e')} AND e.kind IN ({_REOPENS})"
_FAMILY = """(SELECT {id} AS id UNION ALL SELECT k.id FROM mentions_ticket k WHERE k.merged_into_id = {id} UNION ALL
    SELECT g.id FROM mentions_ticket k JOIN mentions_ticket g ON g.merged_into_id = k.id
     WHERE k.merged_into_id = {id})"""
"""The ticket and what was merged into it."""


def _last_reopening(of: str, until: str = "true") -> str:
    """Each of the family looked up by itself, with an index that holds nothing else."""
    return f"""(SELECT max(one.last) FROM {_FAMILY.format(id=of)} f CROSS JOIN LATERAL (
        SELECT max(e.at) AS last FROM mentions_event e
         WHERE e.ticket_id = f.id AND {_IS_REOPENING} AND {until}) one)"""


_ENDED = f"""ended AS MATERIALIZED (
    SELECT t.id, t.channel_id, {_nth("t.solved_at")} AS nth, {IS_HIGH} AS is_high,
           date_part('epoch', greatest(t.solved_at - t.posted_at, interval '0')) AS seconds
      FROM mentions_ticket t WHERE {_within("t.solved_at")} AND {IN_CHANNELS} AND ({NEEDED})
)"""
_ONE_TOUCH = _tallied(
    DayTally.Name.ONE_TOUCH,
    f"""ended x
 WHERE (SELECT count(*) FROM mentions_message m WHERE m.ticket_id = x.id AND {IS_REPLY_SQL}) = 1
   AND {_last_reopening("x.id")} IS NULL""",
)
_WAITS = f"""asked AS MATERIALIZED (
    SELECT DISTINCT t.id FROM mentions_message m JOIN mentions_ticket t ON t.id = m.ticket_id
     WHERE m.direction = 'in' AND NOT m.is_auto AND {_within("m.posted_at")} AND {IN_CHANNELS} AND ({NEEDED})
),
waited AS MATERIALIZED (
    SELECT t.channel_id, {_nth("w.asked_at")} AS nth, {IS_HIGH} AS is_high, t.status IN {_OPEN} AS is_open, w.is_live,
           date_part('epoch', w.answered_at - w.asked_at) AS seconds
      FROM {conditions.waits_sql("ticket_id IN (SELECT id FROM asked)", with_noise=False)} w
      JOIN mentions_ticket t ON t.id = w.ticket_id
     WHERE {_within("w.asked_at")}
)"""
_WAITING = _tallied(DayTally.Name.WAITING, "waited WHERE seconds IS NULL AND is_live AND is_open")
_REASONS = _tallied(
    DayTally.Name.NO_REPLY,
    f"""(
    SELECT t.channel_id, {_nth("t.posted_at")} AS nth, {IS_HIGH} AS is_high, t.no_reply_reason
      FROM mentions_ticket t WHERE {_within("t.posted_at")} AND {IN_CHANNELS} AND NOT ({NEEDED})) t""",
    of="no_reply_reason",
)
_OF_ROOT = """JOIN mentions_ticket o ON o.id = e.ticket_id LEFT JOIN mentions_ticket p ON p.id = o.merged_into_id
      JOIN mentions_ticket t ON t.id = coalesce(p.merged_into_id, o.merged_into_id, o.id)"""


def _once(name: DayTally.Name, at: str, source: str, earlier: str) -> str:
    """Tickets with something on the day, each once; what is left out as noise is not counted. `earlier`: when the same
    happened before to ticket `x`."""
    rows = f"""(SELECT DISTINCT t.id, t.channel_id, {_nth(at)} AS nth, {IS_HIGH} AS is_high FROM {source}
       AND {_within(at)} AND {IN_CHANNELS} AND t.no_reply_reason NOT IN ({_NOISE})) x
    CROSS JOIN LATERAL (SELECT {earlier} AS last) earlier"""
    return _tallied(name, rows, before=_day("last"))


_REOPENED = _once(
    DayTally.Name.REOPENED,
    "e.at",
    f"mentions_event e {_OF_ROOT} WHERE {_IS_REOPENING}",
    _last_reopening("x.id", f"e.at {_EARLIER}"),
)
_OUTSIDE_IF = f"""m.posted_at >= t.posted_at AND {IS_REPLY_SQL}
    AND NOT EXISTS (SELECT 1 FROM mentions_reply r WHERE r.message_id = m.id)"""
_OUTSIDE = _once(
    DayTally.Name.OUTSIDE,
    "m.posted_at",
    f"mentions_message m JOIN mentions_ticket t ON t.id = m.ticket_id WHERE {_OUTSIDE_IF}",
    f"""(SELECT max(m.posted_at) FROM mentions_message m JOIN mentions_ticket t ON t.id = m.ticket_id
          WHERE m.ticket_id = x.id AND {_OUTSIDE_IF} AND m.posted_at {_EARLIER})""",
)
_LOST = f"""(r.state IN ({_FAILED})
    OR r.state = '{Reply.State.DELETED.value}' AND EXISTS (
        SELECT 1 FROM mentions_message m WHERE m.id = r.message_id AND m.is_bounced))"""
_UNDELIVERED = _once(
    DayTally.Name.UNDELIVERED,
    "r.created_at",
    f"mentions_reply r JOIN mentions_ticket t ON t.id = r.ticket_id WHERE {_LOST}",
    f"""(SELECT max(r.created_at) FROM mentions_reply r
          WHERE r.ticket_id = x.id AND {_LOST} AND r.created_at {_EARLIER})""",
)

# --- who worked on them -----------------------------------------------------------------------------------------------

_SOLVES = """e.data #> '{to,status}' = '"solved"'"""
_GIVES_REASON = f"e.kind = '{EventKind.NO_REPLY.value}'"
_PEOPLE = "ARRAY(SELECT id FROM auth_user)"
"""So that an index on persons and times finds what they did."""
_DID = f"""did AS MATERIALIZED (
    SELECT x.*, earlier.* FROM (
        SELECT t.id, t.channel_id, {_nth("e.at")} AS nth, {IS_HIGH} AS is_high, e.actor_id AS who,
               bool_or({_SOLVES}) AS solved, bool_or({_GIVES_REASON}) AS gave
          FROM mentions_event e JOIN mentions_ticket t ON t.id = e.ticket_id
         WHERE e.actor_id = ANY({_PEOPLE}) AND {_within("e.at")} AND {IN_CHANNELS} GROUP BY t.id, nth, who) x
    CROSS JOIN LATERAL (
        SELECT max(e.at) AS last, max(e.at) FILTER (WHERE {_SOLVES}) AS last_solved,
               max(e.at) FILTER (WHERE {_GIVES_REASON}) AS last_given
          FROM mentions_event e WHERE e.ticket_id = x.id AND e.actor_id = x.who AND e.at {_EARLIER}) earlier
)"""
_WORKED = _tallied(DayTally.Name.WORKED_ON, "did", "who", _day("last"))
_SOLVED = _tallied(DayTally.Name.SOLVED_BY, "did WHERE solved", "who", _day("last_solved"))
_REASON_GIVEN = _tallied(DayTally.Name.NO_REPLY_BY, "did WHERE gave", "who", _day("last_given"))
_OF_TEAM = "m.direction = 'team' AND NOT m.is_deleted AND NOT m.is_bounced"
_WHO = """LEFT JOIN mentions_reply r ON r.message_id = m.id JOIN mentions_author a ON a.id = m.author_id
          LEFT JOIN mentions_person p ON p.id = a.person_id"""
_ANSWERED = _tallied(
    DayTally.Name.ANSWERED_BY,
    f"""(
    SELECT DISTINCT t.id, t.channel_id, {_nth("m.posted_at")} AS nth, {IS_HIGH} AS is_high,
           coalesce(r.author_id, p.user_id) AS who
      FROM mentions_message m JOIN mentions_ticket t ON t.id = m.ticket_id {_WHO}
     WHERE {_OF_TEAM} AND {_within("m.posted_at")} AND {IN_CHANNELS}
       AND coalesce(r.author_id, p.user_id) IS NOT NULL) x
    CROSS JOIN LATERAL (
        SELECT max(m.posted_at) AS last FROM mentions_message m {_WHO}
         WHERE m.ticket_id = x.id AND {_OF_TEAM} AND coalesce(r.author_id, p.user_id) = x.who
           AND m.posted_at {_EARLIER}) earlier""",
    "who",
    _day("last"),
)

# --- within coverage hours, and outside -------------------------------------------------------------------------------

COVERED, AWAY = "covered", "away"


def _side(at: str) -> str:
    return f"CASE WHEN {covered.is_covered_sql(at, 'c.team_id')} THEN '{COVERED}' ELSE '{AWAY}' END AS side"


_SIDED = f"""sided AS MATERIALIZED (
    SELECT t.channel_id, {_nth("t.posted_at")} AS nth, {IS_HIGH} AS is_high, {_side("t.posted_at")},
           {NEEDED} AS counted, t.status IN {_OPEN} AS is_open, t.first_reply_at IS NOT NULL AS is_answered,
           t.first_reply_at IS NOT NULL AND t.first_reply_at <= {statements.DUE} AS in_time,
           date_part('epoch', t.first_reply_at - t.posted_at) AS posted_s,
           greatest(date_part('epoch', t.first_reply_at - t.created_at), 0) AS ingested_s
      FROM mentions_ticket t JOIN channels_channel c ON c.id = t.channel_id
     WHERE {_within("t.posted_at")} AND {IN_CHANNELS}
)"""
_OF_SIDES = {
    DayTally.Name.SIDE_MENTIONS: "true",
    DayTally.Name.SIDE_ANSWERED: "counted AND is_answered",
    DayTally.Name.SIDE_WITHIN: "counted AND in_time",
    DayTally.Name.SIDE_OPEN: "counted AND NOT is_answered AND is_open",
}
_SIDES = [_tallied(name, f"sided WHERE {condition}", "side") for name, condition in _OF_SIDES.items()]
_SIDE_REPLIED = _tallied(
    DayTally.Name.SIDE_REPLIED,
    f"""(
    SELECT t.channel_id, {_nth("t.first_reply_at")} AS nth, {IS_HIGH} AS is_high, {_side("t.first_reply_at")}
      FROM mentions_ticket t JOIN channels_channel c ON c.id = t.channel_id
     WHERE {_within("t.first_reply_at")} AND {IN_CHANNELS} AND ({NEEDED})) t""",
    "side",
)
OF_SIDES = {
    (False, COVERED): DayTimes.Measure.POSTED_COVERED,
    (False, AWAY): DayTimes.Measure.POSTED_AWAY,
    (True, COVERED): DayTimes.Measure.INGESTED_COVERED,
    (True, AWAY): DayTimes.Measure.INGESTED_AWAY,
}
"""(From arrival, side) → measure."""
_SIDE_TIMES = " UNION ALL ".join(
    f"""SELECT channel_id, nth, is_high, {measure.value}::smallint, {"ingested_s" if from_arrival else "posted_s"}
          FROM sided WHERE counted AND is_answered AND side = '{side}'"""
    for (from_arrival, side), measure in OF_SIDES.items()
)

# --- reach ------------------------------------------------------------------------------------------------------------

_REACHED = f"""reached AS MATERIALIZED (
    SELECT t.channel_id, {_nth("t.posted_at")} AS nth, {IS_HIGH} AS is_high,
           {", ".join(f"{reach_keys.of_ticket_sql(name, 'm.extra')} AS {name}" for name in reach_keys.NAMES)}
      FROM mentions_ticket t JOIN mentions_message m ON m.ticket_id = t.id
     WHERE {_within("t.posted_at")} AND {IN_CHANNELS} AND m.direction = 'in' AND NOT m.is_deleted
       AND m.extra ?| '{{{",".join(sorted({key for keys in reach_keys.KEYS.values() for key in keys}))}}}'
     GROUP BY t.id
)"""
_REACH = [
    _tallied(DayTally.Name(name), f"reached WHERE {name} IS NOT NULL", number=f"sum({name})")
    for name in reach_keys.NAMES
]

# --- written and compared ---------------------------------------------------------------------------------------------

MEASURES = (DayTimes.Measure.NEXT_REPLY, DayTimes.Measure.RESOLUTION, *OF_SIDES.values())
_PARTS = (
    *(_ONE_TOUCH, _WAITING, _REASONS, _REOPENED, _OUTSIDE, _UNDELIVERED),
    *(_WORKED, _SOLVED, _REASON_GIVEN, _ANSWERED, *_SIDES, _SIDE_REPLIED, *_REACH),
)
_TALLIES = f"""{_ENDED}, {_WAITS}, {_DID}, {_SIDED}, {_REACHED},
every AS ({" UNION ALL ".join(_PARTS)}),
tallies AS (
    SELECT %(zone)s AS zone, %(first)s::date + nth - 1 AS day, channel_id, series.high, name, of, before,
           sum(number)::bigint AS number
      FROM every JOIN {SERIES} ON NOT series.high OR is_high GROUP BY nth, channel_id, series.high, name, of, before
),
listed AS (
    SELECT channel_id, nth, series.high, measure, array_agg(seconds ORDER BY seconds) AS seconds FROM (
        SELECT channel_id, nth, is_high, {MEASURES[0].value}::smallint AS measure, seconds FROM waited
         WHERE seconds IS NOT NULL
        UNION ALL SELECT channel_id, nth, is_high, {MEASURES[1].value}::smallint, seconds FROM ended
        UNION ALL {_SIDE_TIMES}) durations
      JOIN {SERIES} ON NOT series.high OR is_high GROUP BY channel_id, nth, series.high, measure
),
{statements.timed("listed")}"""
_KEY = (*statements.KEY, "name", "of", "before")
WRITE = (
    statements.forget("metrics_daytally", f"name = ANY('{{{','.join(DayTally.Name.values)}}}')"),
    statements.forget_times(MEASURES),
    f"""WITH {_TALLIES},
written AS ({statements.insert("metrics_daytally", (*_KEY, "number"), "tallies")})
{statements.insert("metrics_daytimes", (*statements.TIMES_KEY, *statements.TIMES), "times")}""",
)
"""Delete the cells, then write them anew."""


_DUE = """SELECT channel_id, at FROM metrics_changedhour UNION SELECT h.channel_id, h.at
  FROM metrics_changedticket c, metrics_hours_of_ticket(c.ticket_id, c.channel_id) h"""
COMPARE = (
    statements.compared(_TALLIES, "metrics_daytally", _KEY, ("number",), "tallies", _DUE),
    statements.compared_times(_TALLIES, MEASURES, _DUE),
)
