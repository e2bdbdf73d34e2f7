"""The statements that tally what messages, replies and events say of a day: how mentions ended, and who worked on
them. They express in SQL what `metrics.outcome_conditions` and `metrics.advocates.work_counts` express in conditions;
the nightly check and property tests compare both.

Portions and parameters are those of `metrics.rollups.statements`. A figure that counts a ticket once, however often
something happened to it, notes the day before on which it did (`before`): over any days, only that is counted whose day
before lies before them.
"""
# ruff: noqa: S608 (only constants of ours are filled in)

from __future__ import annotations

from collections.abc import Iterable

from mentions.clocks.counted import NOISE_REASONS
from mentions.clocks.first_reply import IS_REPLY_SQL
from mentions.models import EventKind, Reply
from mentions.models.event import came_back_sql
from metrics import outcome_conditions as conditions
from metrics import reach_keys
from metrics.models import DayTally, DayTimes
from metrics.rollups import sides, statements
from metrics.rollups.statements import CHANNELS, EDGES, IS_HIGH, NEEDED, NEVER

IN_CHANNELS = f"(t.channel_id = ANY({CHANNELS})) IS TRUE AND t.merged_into_id IS NULL"
"""Indexes on times and tickets find them. One on channels, which `IS TRUE` keeps out, would read all that a channel
had."""

_OPEN = "('new', 'open')"
_NOISE = ", ".join(f"'{reason.value}'" for reason in NOISE_REASONS)
_REOPENS = ", ".join(f"'{kind.value}'" for kind in conditions.REOPENS)
_FAILED = ", ".join(f"'{state.value}'" for state in conditions.FAILED)
_NOBODY = "''"


def _within(column: str) -> str:
    return f"{column} >= %(starts_at)s::timestamptz AND {column} < %(ends_at)s::timestamptz"


def _nth(column: str) -> str:
    return f"width_bucket({column}, {EDGES})"


def _day(moment: str) -> str:
    return f"coalesce(({moment} AT TIME ZONE %(zone)s)::date, {NEVER})"


_EARLIER = f"< {EDGES}[nth]"
"""Before the day at hand begins."""


def _tallied(name: DayTally.Name, rows: str, of: str = _NOBODY, before: str = NEVER, number: str = "count(*)") -> str:
    """How many of these rows, which have `channel_id`, `nth`, `is_high` and what is named."""
    return f"""SELECT channel_id, nth, is_high, '{name.value}' AS name, x.of::text AS of, x.before, x.number FROM (
        SELECT channel_id, nth, is_high, {of} AS of, {before} AS before, {number} AS number FROM {rows}
         GROUP BY 1, 2, 3, 4, 5) x"""


# --- read once --------------------------------------------------------------------------------------------------------

_PEOPLE = "ARRAY(SELECT id FROM auth_user)"
"""So that an index on persons and times finds what they did."""
_BY_PEOPLE = f"e.actor_id = ANY({_PEOPLE})"
_TICKET = f"""t.id, t.channel_id, {IS_HIGH} AS is_high, ({NEEDED}) AS counted, t.no_reply_reason,
           t.status IN {_OPEN} AS is_open, t.posted_at, t.solved_at"""
_TOUCHED = f"""acted AS MATERIALIZED (
    SELECT DISTINCT e.ticket_id FROM mentions_event e WHERE {_BY_PEOPLE} AND {_within("e.at")}
),
timed AS MATERIALIZED (
    SELECT {_TICKET} FROM mentions_ticket t
     WHERE ({_within("t.posted_at")} OR {_within("t.first_reply_at")} OR {_within("t.solved_at")}) AND {IN_CHANNELS}
),
touched AS MATERIALIZED (
    SELECT * FROM timed
    UNION ALL
    SELECT {_TICKET} FROM mentions_ticket t JOIN (
        SELECT ticket_id FROM (
            SELECT m.ticket_id FROM mentions_message m
             WHERE m.direction IN ('in', 'team') AND {_within("m.posted_at")}
            UNION ALL SELECT ticket_id FROM acted) found
        EXCEPT SELECT id FROM timed) others ON others.ticket_id = t.id
     WHERE {IN_CHANNELS}
)"""
"""Every ticket that has a time of its own, a message or somebody's event on these days."""
_EACH = "OFFSET 0"
"""Looked up ticket by ticket, in the order of the tickets: a join would read the whole table, however few they are."""
_REACHES = ",".join(sorted({key for keys in reach_keys.KEYS.values() for key in keys}))
_TALK = f"""talk AS MATERIALIZED (
    SELECT m.id, m.ticket_id, m.author_id, m.direction, m.posted_at, {_nth("m.posted_at")} AS nth, m.is_auto,
           m.is_deleted, m.is_bounced, t.channel_id, t.is_high, t.counted, t.no_reply_reason, t.posted_at AS opened_at,
           CASE WHEN {_within("t.posted_at")} AND m.direction = 'in' AND NOT m.is_deleted
                     AND m.extra ?| '{{{_REACHES}}}' THEN m.extra END AS reach
      FROM touched t CROSS JOIN LATERAL (SELECT * FROM mentions_message m WHERE m.ticket_id = t.id {_EACH}) m
     WHERE m.direction IN ('in', 'team')
)"""
"""All that was ever said in them."""

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
    SELECT t.id, t.channel_id, {_nth("t.solved_at")} AS nth, t.is_high,
           date_part('epoch', greatest(t.solved_at - t.posted_at, interval '0')) AS seconds
      FROM timed t WHERE {_within("t.solved_at")} AND t.counted
)"""


def _reopened(ticket: str) -> str:
    return f"EXISTS (SELECT 1 FROM mentions_event e WHERE e.ticket_id = {ticket} AND {_IS_REOPENING})"


_ONE_TOUCH = _tallied(
    DayTally.Name.ONE_TOUCH,
    f"""ended x JOIN (SELECT ticket_id FROM talk WHERE {IS_REPLY_SQL} GROUP BY 1 HAVING count(*) = 1) once
        ON once.ticket_id = x.id
 WHERE NOT {_reopened("x.id")}
   AND NOT EXISTS (SELECT 1 FROM mentions_ticket k WHERE k.merged_into_id = x.id AND (
           {_reopened("k.id")}
           OR EXISTS (SELECT 1 FROM mentions_ticket g
                       WHERE g.merged_into_id = k.id AND {_reopened("g.id")})))""",
)
_WAITED = f"""waited AS MATERIALIZED (
    SELECT t.channel_id, {_nth("w.asked_at")} AS nth, t.is_high, t.is_open, w.is_live,
           date_part('epoch', w.answered_at - w.asked_at) AS seconds
      FROM {conditions.waits_sql("counted", with_noise=False, among="talk")} w JOIN touched t ON t.id = w.ticket_id
     WHERE {_within("w.asked_at")}
)"""
_WAITING = _tallied(DayTally.Name.WAITING, "waited WHERE seconds IS NULL AND is_live AND is_open")
_REASONS = _tallied(
    DayTally.Name.NO_REPLY,
    f"""(SELECT *, {_nth("posted_at")} AS nth FROM timed WHERE {_within("posted_at")} AND NOT counted) x""",
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
_ANSWERS = """answers AS MATERIALIZED (
    SELECT m.*, r.id IS NOT NULL AS is_from_desk, coalesce(r.author_id, p.user_id) AS who
      FROM talk m LEFT JOIN mentions_reply r ON r.message_id = m.id
      JOIN mentions_author a ON a.id = m.author_id LEFT JOIN mentions_person p ON p.id = a.person_id
     WHERE m.direction = 'team' AND NOT m.is_deleted AND NOT m.is_bounced AND m.posted_at < %(ends_at)s::timestamptz
)"""


def _first_of_day(rows: str, each: str) -> str:
    """Of these rows of answers, the first on each day by `each`, with the time of the one before (`last`)."""
    return f"""(SELECT * FROM (
        SELECT *, lag(posted_at) OVER (PARTITION BY {each} ORDER BY posted_at) AS last FROM {rows}) x
     WHERE nth > 0 AND (last IS NULL OR last {_EARLIER})) x"""


_OUTSIDE = _tallied(
    DayTally.Name.OUTSIDE,
    _first_of_day(
        f"""answers WHERE NOT is_from_desk AND NOT is_auto AND posted_at >= opened_at
            AND no_reply_reason NOT IN ({_NOISE})""",
        "ticket_id",
    ),
    before=_day("last"),
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
_DID = f"""did AS MATERIALIZED (
    SELECT channel_id, nth, is_high, who, solved IS NOT NULL AS solves, gave IS NOT NULL AS gives,
           lag(last) OVER earlier AS last, max(solved) OVER earlier AS last_solved, max(gave) OVER earlier AS last_given
      FROM (
        SELECT t.id, t.channel_id, {_nth("e.at")} AS nth, t.is_high, e.actor_id AS who, max(e.at) AS last,
               max(e.at) FILTER (WHERE {_SOLVES}) AS solved, max(e.at) FILTER (WHERE {_GIVES_REASON}) AS gave
          FROM acted JOIN touched t ON t.id = acted.ticket_id CROSS JOIN LATERAL (
            SELECT * FROM mentions_event e WHERE e.ticket_id = t.id AND e.at < %(ends_at)s::timestamptz {_EACH}) e
         WHERE e.actor_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5) x
    WINDOW earlier AS (PARTITION BY id, who ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)"""
"""What each person did to each ticket, by day. Number 0 stands for all days before."""
_WORKED = _tallied(DayTally.Name.WORKED_ON, "did WHERE nth > 0", "who", _day("last"))
_SOLVED = _tallied(DayTally.Name.SOLVED_BY, "did WHERE nth > 0 AND solves", "who", _day("last_solved"))
_REASON_GIVEN = _tallied(DayTally.Name.NO_REPLY_BY, "did WHERE nth > 0 AND gives", "who", _day("last_given"))
_ANSWERED = _tallied(
    DayTally.Name.ANSWERED_BY,
    _first_of_day("answers WHERE who IS NOT NULL", "ticket_id, who"),
    "who",
    _day("last"),
)

# --- reach ------------------------------------------------------------------------------------------------------------

_REACHED = f"""reached AS MATERIALIZED (
    SELECT channel_id, {_nth("opened_at")} AS nth, is_high,
           {", ".join(f"{reach_keys.of_ticket_sql(name, 'reach')} AS {name}" for name in reach_keys.NAMES)}
      FROM talk WHERE reach IS NOT NULL GROUP BY ticket_id, 1, 2, 3
)"""
_REACH = [
    _tallied(DayTally.Name(name), f"reached WHERE {name} IS NOT NULL", number=f"sum({name})")
    for name in reach_keys.NAMES
]

# --- written and compared ---------------------------------------------------------------------------------------------

NAMES = [name for name in DayTally.Name if name not in sides.COUNTED]
MEASURES = (DayTimes.Measure.NEXT_REPLY, DayTimes.Measure.RESOLUTION)
_PARTS = (
    *(_ONE_TOUCH, _WAITING, _REASONS, _REOPENED, _OUTSIDE, _UNDELIVERED),
    *(_WORKED, _SOLVED, _REASON_GIVEN, _ANSWERED, *_REACH),
)
_READ = f"{_TOUCHED}, {_TALK}, {_ENDED}, {_WAITED}"
_TALLIES = f"{_READ}, {_ANSWERS}, {_DID}, {_REACHED}, {statements.tallied(' UNION ALL '.join(_PARTS))}"
_ARRAYS = ", ".join(
    f"array_agg(seconds ORDER BY seconds) FILTER (WHERE {among}) AS {series}"
    for series, among in {"s_all": "seconds IS NOT NULL", "s_high": "seconds IS NOT NULL AND is_high"}.items()
)
_LISTED = " UNION ALL ".join(
    f"SELECT channel_id, nth, {measure.value}::smallint AS measure, {_ARRAYS} FROM {rows} GROUP BY 1, 2"
    for measure, rows in zip(MEASURES, ("waited", "ended"), strict=True)
)
_TIMES = f"""listed AS ({_LISTED}),
{statements.timed("listed CROSS JOIN LATERAL (VALUES (false, s_all), (true, s_high)) x (high, seconds)")}"""
_TALLIES_OF, _TIMES_OF = statements.stored_tallies(NAMES), statements.stored_times(MEASURES)


def _write(parts: Iterable[str]) -> str:
    return f"WITH {_TALLIES}, {_TIMES},\n{', '.join(parts)}\nSELECT 1"


REFRESH = _write((_TALLIES_OF.refreshed, _TIMES_OF.refreshed))
"""Make the cells what messages, replies and events say."""
REBUILD = _write((_TALLIES_OF.rebuilt, _TIMES_OF.rebuilt))


_DUE = """SELECT channel_id, at FROM metrics_changedhour UNION SELECT h.channel_id, h.at
  FROM metrics_changedticket c, metrics_hours_of_ticket(c.ticket_id, c.channel_id) h"""
COMPARE = (_TALLIES_OF.compared(_TALLIES, _DUE), _TIMES_OF.compared(f"{_READ}, {_TIMES}", _DUE))
