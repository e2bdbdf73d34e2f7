"""Counts what a summary compares: two periods that follow each other, as a whole, by channel and by tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, DurationField, F, Min, Value, When

from channels.registry.icons import with_platform
from mentions.clocks.counted import ANSWERED
from metrics.definitions import Filters, Tickets, figure
from metrics.figures import first_reply
from metrics.figures.first_reply import FirstReply, Percentile
from metrics.models import Alert
from metrics.periods import Period, within_days
from metrics.summary import moves


@dataclass(frozen=True, slots=True)
class Times:
    """First reply times of a group: `longer` is the share of answers that took longer than half of both periods'
    answers, which is Mood's median test.

    Source: https://en.wikipedia.org/wiki/Median_test
    """

    name: str
    now: FirstReply
    before: FirstReply
    longer: moves.Share

    @property
    def change(self) -> timedelta:
        """Of the median; none where one of them is unknown."""
        if self.now.median is None or self.before.median is None:
            return timedelta()
        return self.now.median - self.before.median

    @property
    def is_longer(self) -> bool:
        return self.change > timedelta()

    @property
    def has_moved(self) -> bool:
        """Reported only if the medians differ in the same direction."""
        return self.longer.has_moved and self.longer.deviations * self.change.total_seconds() > 0


@dataclass(frozen=True, slots=True)
class Compared:
    """`is_known`: whether the desk had anything yet when the period before began. Lists hold what has changed, the most
    certain first."""

    period: Period
    before: Period
    is_known: bool
    mentions: moves.Count
    solved: moves.Count
    times: Times
    within: moves.Share
    channels: list[tuple[str, moves.Count]] = field(default_factory=list)
    channel_times: list[Times] = field(default_factory=list)
    tags: list[tuple[str, moves.Count]] = field(default_factory=list)
    spikes: list[Alert] = field(default_factory=list)


def compare(tickets: Tickets, filters: Filters, before: Period, now: datetime, spikes_in: Any) -> Compared:
    """`filters.period` against `before`, which ends the day before it begins. `spikes_in`: ids of the channels whose
    alerts may be named. A dozen queries, however many tickets or channels there are."""
    earlier = filters.over(before)
    total, then = (first_reply.first_reply(tickets, each, now) for each in (filters, earlier))
    longer = _longer(tickets, filters, before)
    by_channel = _channel_pairs(tickets, filters, earlier, now)
    days = (len(filters.period.days), len(before.days))
    return Compared(
        filters.period,
        before,
        is_known=_begins(filters.narrow(tickets), before),
        mentions=moves.Count(total.mentions, then.mentions, days),
        solved=moves.Count(_solved(tickets, filters, now), _solved(tickets, earlier, now), days),
        times=Times("", total, then, _share(longer, None, total, then)),
        within=moves.Share(total.within, total.answered, then.within, then.answered),
        channels=_moved((name, moves.Count(a.mentions, b.mentions, days)) for _id, name, a, b in by_channel),
        channel_times=_slower([Times(name, a, b, _share(longer, pk, a, b)) for pk, name, a, b in by_channel]),
        tags=_moved(_tags(tickets, filters, before, days)),
        spikes=_spikes(filters.period, spikes_in),
    )


def _begins(tickets: Tickets, before: Period) -> bool:
    """Whether there was any mention before the end of the first of these days."""
    first = tickets.aggregate(first=Min("posted_at"))["first"]
    return first is not None and first < Period(before.first, before.first, before.tz).end


def _solved(tickets: Tickets, filters: Filters, now: datetime) -> int:
    return filters.narrow(tickets).filter(figure("solved", filters.period, now)).count()


def _channel_pairs(
    tickets: Tickets, filters: Filters, earlier: Filters, now: datetime
) -> list[tuple[int, str, FirstReply, FirstReply]]:
    """(id, name, now, before) of every channel with mentions in either."""
    rows, rows_before = (
        {row.channel_id: row for row in first_reply.first_reply_by_channel(tickets, each, now)}
        for each in (filters, earlier)
    )
    known = {pk: row for pk, row in {**rows_before, **rows}.items() if pk is not None}
    return [
        (
            pk,
            with_platform(row.label, row.platform),
            rows.get(pk) or _nothing(row),
            rows_before.get(pk) or _nothing(row),
        )
        for pk, row in sorted(known.items(), key=lambda each: each[1].label)
    ]


def _nothing(row: FirstReply) -> FirstReply:
    return FirstReply(row.label, row.channel_id, row.goal, 0, 0, 0, 0, 0, 0, 0, None)


def _longer(tickets: Tickets, filters: Filters, before: Period) -> dict[int | None, tuple[int, int]]:
    """Channel (None: all) → answers now and before that took longer than the median of both. Four queries."""
    now_, then = within_days("posted_at", filters.period), within_days("posted_at", before)
    took = filters.clock.reply_time
    answered = filters.narrow(tickets).filter(now_ | then, ANSWERED).annotate(took=took)
    counts = {"n_now": Count("pk", filter=now_), "n_before": Count("pk", filter=then)}
    found: dict[int | None, tuple[int, int]] = {}
    middle = answered.aggregate(median=Percentile(took, share=0.5))["median"]
    if middle is None:
        return found
    row = answered.filter(took__gt=middle).aggregate(**counts)
    found[None] = (row["n_now"], row["n_before"])
    medians = answered.values("channel_id").annotate(median=Percentile(took, share=0.5)).order_by()
    whens = [When(channel_id=each["channel_id"], then=Value(each["median"], DurationField())) for each in medians]
    own = answered.annotate(middle=Case(*whens, output_field=DurationField())).filter(took__gt=F("middle"))
    for each in own.values("channel_id").annotate(**counts).order_by():
        found[each["channel_id"]] = (each["n_now"], each["n_before"])
    return found


def _share(
    longer: dict[int | None, tuple[int, int]], channel: int | None, now: FirstReply, before: FirstReply
) -> moves.Share:
    some, some_before = longer.get(channel, (0, 0))
    return moves.Share(some, now.answered, some_before, before.answered)


def _tags(tickets: Tickets, filters: Filters, before: Period, days: tuple[int, int]) -> list[tuple[str, moves.Count]]:
    now_, then = within_days("posted_at", filters.period), within_days("posted_at", before)
    rows = (
        filters.narrow(tickets)
        .filter(now_ | then, tags__isnull=False)
        .values("tags__name")
        .annotate(n_now=Count("pk", filter=now_), n_before=Count("pk", filter=then))
        .order_by()
    )
    return [(row["tags__name"], moves.Count(row["n_now"], row["n_before"], days)) for row in rows]


def _moved(counts: Any) -> list[tuple[str, moves.Count]]:
    return sorted((each for each in counts if each[1].has_moved), key=lambda each: (-abs(each[1].deviations), each[0]))


def _slower(times: Sequence[Times]) -> list[Times]:
    return sorted((t for t in times if t.has_moved), key=lambda t: (-abs(t.longer.deviations), t.name))


def _spikes(period: Period, channel_ids: Any) -> list[Alert]:
    """The highest of each channel."""
    rows = Alert.objects.filter(kind=Alert.Kind.SPIKE, channel__in=channel_ids)
    rows = rows.filter(began_at__gte=period.start, began_at__lt=period.end)
    highest: dict[int | None, Alert] = {}
    for alert in rows.select_related("channel__connection").order_by("began_at"):
        known = highest.get(alert.channel_id)
        if known is None or alert.figures.get("count", 0) > known.figures.get("count", 0):
            highest[alert.channel_id] = alert
    return sorted(highest.values(), key=lambda alert: alert.began_at)
