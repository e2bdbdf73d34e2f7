"""Counts outcomes by channel and in all, from the tickets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from channels.models import Channel
from metrics import outcome_conditions as conditions
from metrics.definitions import Filters, Tickets, figure
from metrics.figures.over_rows import fetched, in_memory

COUNTS = ("mentions", "reopened", "answered_outside", "undelivered")
"""Plain counts; the others come with times, replies or reasons."""
SHARES = "percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY {took})"
REPLIES = """count(*) FILTER (WHERE direction = 'team') AS replies,
                   min(posted_at) FILTER (WHERE direction = 'in') AS asked_at,
                   min(posted_at) FILTER (WHERE direction = 'team') AS answered_at"""
"""Of a ticket's messages. If there is one reply, the only wait that may have ended is from `asked_at` to it."""
SEVERAL = "SELECT ticket_id FROM said WHERE waits AND replies > 1"
ALL = None
"""The key of all channels together."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took; None if nothing was counted."""

    count: int = 0
    median: timedelta | None = None
    p75: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of a period. Channel → tickets, and → times; a time of all channels is that of all tickets."""

    counts: Mapping[str, Counter[int]]
    reasons: Counter[str]
    next_reply: Mapping[int | None, Times]
    resolution: Mapping[int | None, Times]
    channels: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Id → (name, platform) of those with anything to count, by name."""

    def count(self, name: str, channel: int | None = ALL) -> int:
        if name == conditions.NEXT_REPLIES:
            return self.next_reply.get(channel, Times()).count
        if name == "resolved":
            return self.resolution.get(channel, Times()).count
        return self.counts[name].total() if channel is ALL else self.counts[name][channel]

    def share(self, name: str, of: str, channel: int | None = ALL) -> float | None:
        whole = self.count(of, channel)
        return 100 * self.count(name, channel) / whole if whole else None


def outcomes(tickets: Tickets, filters: Filters, now: datetime, *, is_before: bool = False) -> Outcomes:
    """`is_before`: for a period to compare with, without current figures and channel names. Eleven statements."""
    with in_memory():
        found = _counted(filters.narrow(tickets), filters, now, is_before=is_before)
    return found if is_before else named(found)


def named(found: Outcomes) -> Outcomes:
    """The outcomes with the names of the channels that have anything to count. One query."""
    keys: set[int | None] = {*found.next_reply, *found.resolution}
    keys.update(*found.counts.values())
    return replace(found, channels=_channels(keys - {ALL}))


def _counted(chosen: Tickets, filters: Filters, now: datetime, *, is_before: bool) -> Outcomes:
    counts = {name: _by_channel(chosen, name, filters, now) for name in COUNTS}
    counts["next_waiting"] = Counter() if is_before else _by_channel(chosen, "next_waiting", filters, now)
    counts["no_reply"], reasons = _reasons(chosen, filters, now)
    next_reply, counts["one_touch"] = _replies(chosen, filters)
    return Outcomes(counts, reasons, next_reply, _resolution(chosen, filters, now))


def _by_channel(chosen: Tickets, name: str, filters: Filters, now: datetime) -> Counter[int]:
    rows = chosen.filter(figure(name, filters.period, now, with_noise=filters.with_noise)).values("channel_id")
    return Counter({row["channel_id"]: row["number"] for row in rows.annotate(number=Count("pk")).order_by()})


def _reasons(chosen: Tickets, filters: Filters, now: datetime) -> tuple[Counter[int], Counter[str]]:
    """By channel and by reason."""
    rows = chosen.filter(figure("no_reply", filters.period, now, with_noise=filters.with_noise))
    counts, reasons = Counter[int](), Counter[str]()
    for row in rows.values("channel_id", "no_reply_reason").annotate(number=Count("pk")).order_by():
        counts[row["channel_id"]] += row["number"]
        reasons[row["no_reply_reason"]] += row["number"]
    return counts, reasons


def _replies(chosen: Tickets, filters: Filters) -> tuple[dict[int | None, Times], Counter[int]]:
    """Next replies, and one touch by channel. Most tickets have one reply at most: one pass over the messages gives
    their waits. Only for the others are single waits computed."""
    period, with_noise = filters.period, filters.with_noise
    waits, resolved = (each(period, with_noise=with_noise) for each in (conditions.of_waits, conditions.resolved))
    rows = chosen.filter(waits | resolved).order_by().values("pk", "channel_id", waits=_is(waits), ends=_is(resolved))
    several = conditions.waits_sql(f"ticket_id IN ({SEVERAL})", with_noise=with_noise)
    reopened, values = conditions.reopened_tickets().query.sql_with_params()
    statement = f"""
        WITH said AS MATERIALIZED (
            SELECT ticket_id, min(channel) AS channel, bool_or(waits) AS waits, bool_or(ends) AS ends, {REPLIES}
              FROM mentions_message JOIN (%rows%) t (ticket, channel, waits, ends) ON ticket = ticket_id
             WHERE {conditions.said(with_noise=with_noise)}
             GROUP BY ticket_id),
        w AS (
            SELECT channel, asked_at, answered_at FROM said WHERE waits AND replies = 1 AND asked_at <= answered_at
             UNION ALL
            SELECT channel, w.asked_at, w.answered_at FROM {several} w JOIN said USING (ticket_id))
        SELECT true, channel, count(*), {SHARES.format(took="w.answered_at - w.asked_at")}
          FROM w
         WHERE {conditions.WITHIN} AND {conditions.ENDED}
         GROUP BY GROUPING SETS ((channel), ())
         UNION ALL
        SELECT false, channel, count(*), NULL
          FROM said LEFT JOIN ({reopened}) reopened (ticket) ON ticket = ticket_id
         WHERE ends AND replies = 1 AND ticket IS NULL
         GROUP BY channel"""  # noqa: S608  (only constants of ours are filled in)
    found = fetched(rows, statement, period.start, period.end, *values)
    one_touch = Counter({channel: number for of_waits, channel, number, _shares in found if not of_waits})
    return _times([row for of_waits, *row in found if of_waits]), one_touch


def _is(condition: Q) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(condition, BooleanField())


def _resolution(chosen: Tickets, filters: Filters, now: datetime) -> dict[int | None, Times]:
    """From posting to the last time it was solved; a ticket solved before, such as an imported report, took no time."""
    resolved = chosen.filter(figure("resolved", filters.period, now, with_noise=filters.with_noise)).order_by()
    statement = f"""
        SELECT channel, count(*), {SHARES.format(took="greatest(solved_at - posted_at, interval '0')")}
          FROM (%rows%) t (ticket, channel, posted_at, solved_at)
         GROUP BY GROUPING SETS ((channel), ())"""  # noqa: S608  (only constants of ours are filled in)
    return _times(fetched(resolved.values("pk", "channel_id", "posted_at", "solved_at"), statement))


def _times(rows: Sequence[Sequence[Any]]) -> dict[int | None, Times]:
    return {channel: Times(count, *(shares or ())) for channel, count, shares in rows if count}


def _channels(ids: set[Any]) -> dict[int, tuple[str, str]]:
    rows = Channel.objects.filter(pk__in=ids).order_by("name", "pk")
    return {pk: (name, platform) for pk, name, platform in rows.values_list("pk", "name", "connection__platform")}
