"""Counts outcomes by channel and in all, from the tickets: no roll-up holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from channels.models import Channel
from metrics import outcome_conditions as conditions
from metrics.definitions import Filters, Tickets, figure
from metrics.figures.over_rows import fetched

COUNTS = ("mentions", "one_touch", "reopened", "answered_outside", "undelivered")
"""Counted as they are; the others come with times or reasons."""
SHARES = "percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY {took})"
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
    """`is_before`: of a period to compare with, without what is true now and names of channels. At most ten queries."""
    chosen = filters.narrow(tickets)
    counts = {name: _by_channel(chosen, name, filters, now) for name in COUNTS}
    counts["next_waiting"] = Counter() if is_before else _by_channel(chosen, "next_waiting", filters, now)
    counts["no_reply"], reasons = _reasons(chosen, filters, now)
    next_reply, resolution = _next_reply(chosen, filters), _resolution(chosen, filters, now)
    keys = {channel for found in counts.values() for channel in found} | {*next_reply, *resolution}
    channels = {} if is_before else _channels(keys - {ALL})
    return Outcomes(counts, reasons, next_reply, resolution, channels)


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


def _next_reply(chosen: Tickets, filters: Filters) -> dict[int | None, Times]:
    period, with_noise = filters.period, filters.with_noise
    rows = chosen.filter(conditions.of_waits(period, with_noise=with_noise)).order_by().values("pk", "channel_id")
    statement = f"""
        WITH t (ticket, channel) AS MATERIALIZED (%rows%)
        SELECT channel, count(*), {SHARES.format(took="w.answered_at - w.asked_at")}
          FROM {conditions.waits_sql("ticket_id IN (SELECT ticket FROM t)", with_noise=with_noise)} w
          JOIN t ON t.ticket = w.ticket_id
         WHERE {conditions.WITHIN} AND {conditions.ENDED}
         GROUP BY GROUPING SETS ((channel), ())"""  # noqa: S608  (only constants of ours are filled in)
    return _times(fetched(rows, statement, period.start, period.end))


def _resolution(chosen: Tickets, filters: Filters, now: datetime) -> dict[int | None, Times]:
    """From posting to the last solving; what was solved before, as an imported report may be, took no time."""
    resolved = chosen.filter(figure("resolved", filters.period, now, with_noise=filters.with_noise)).order_by()
    statement = f"""
        SELECT channel, count(*), {SHARES.format(took="greatest(solved_at - posted_at, interval '0')")}
          FROM (%rows%) t (ticket, channel, posted_at, solved_at)
         GROUP BY GROUPING SETS ((channel), ())"""  # noqa: S608  (only constants of ours are filled in)
    return _times(fetched(resolved.values("pk", "channel_id", "posted_at", "solved_at"), statement))


def _times(rows: list[tuple[Any, ...]]) -> dict[int | None, Times]:
    return {channel: Times(count, *(shares or ())) for channel, count, shares in rows if count}


def _channels(ids: set[Any]) -> dict[int, tuple[str, str]]:
    rows = Channel.objects.filter(pk__in=ids).order_by("name", "pk")
    return {pk: (name, platform) for pk, name, platform in rows.values_list("pk", "name", "connection__platform")}
