"""Definitions of the figures: one condition both counts a figure and lists the tickets behind it.

docs/numbers.md explains them. Which message is the first reply: `mentions.clocks.first_reply`; how long it took:
`metrics.reply_clock`. All figures are computed from the source tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    Count,
    DateTimeField,
    F,
    Func,
    Q,
    QuerySet,
)

from channels.models.connection import Priority
from channels.registry.internal_channels import internal_channels
from experts.models import Expert, Outreach
from experts.outreach.crediting import RESPONDED_TAG
from mentions.clocks import due_soon, targets
from mentions.clocks import overdue as rule
from mentions.clocks.counted import UNANSWERED, needed_reply
from mentions.clocks.counted import answered as answered_if
from mentions.models import Tag, Ticket
from metrics import outcome_conditions as outcomes
from metrics.periods import Period, before, within_days
from metrics.reply_clock import POSTED, ReplyClock

Tickets = QuerySet[Any]


class Due(Func):
    """When a mention's first reply was due, by the rule in `mentions.clocks.targets` that also sets `due_at`."""

    output_field = DateTimeField()

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """All six expressions are columns without parameters, so each may be repeated in the SQL."""
        columns = (compiler.compile(expression)[0] for expression in self.get_source_expressions())
        posted_at, own_minutes, priority, *which = columns
        return targets.due_sql(posted_at, targets.target_minutes_sql(own_minutes, priority), *which), ()


DUE = Due(
    F("posted_at"),
    F("channel__target_minutes"),
    F("priority"),
    F("channel__skips_weekends"),
    F("channel__counts_coverage"),
    F("channel__team_id"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets a report covers. Empty `channel_ids`: all channels, excluding internal ones unless
    `with_internal`."""

    period: Period
    channel_ids: Sequence[int] = field(default_factory=tuple)
    high_only: bool = False
    with_internal: bool = False
    clock: ReplyClock = POSTED
    tag: str = ""
    """Its name; empty: whatever the tags."""
    language: str = ""
    """Its code; empty: whatever the language."""
    teams: Sequence[int] = ()
    """Topics of experts; empty: whoever was asked, if anybody."""
    with_noise: bool = False
    """With automatic messages, our own posts and spam that are left out otherwise."""
    against: Period | None = None
    """What the period is compared with; None: as many days before it."""

    @property
    def earlier(self) -> Period:
        return self.against or before(self.period)

    @property
    def is_of_some(self) -> bool:
        """Whether a filter is set that roll-ups don't cover."""
        return bool(self.tag or self.language or self.teams or self.with_noise)

    def over(self, period: Period) -> Filters:
        """The same filters over another period."""
        return replace(self, period=period, against=None)

    def without_team(self) -> Filters:
        return replace(self, teams=())

    def narrow(self, tickets: Tickets) -> Tickets:
        """Filter by channel, tag, language, team and priority, not by period."""
        tickets = tickets.filter(merged_into__isnull=True)
        if self.tag:
            tickets = tickets.filter(pk__in=Tag.objects.filter(name=self.tag).values("tickets"))
        if self.language:
            tickets = tickets.filter(language=self.language)
        if self.teams:
            tickets = tickets.filter(pk__in=Outreach.objects.filter(asked_of(self.teams)).values("ticket"))
        if self.channel_ids:
            tickets = tickets.filter(channel_id__in=self.channel_ids)
        elif not self.with_internal:
            tickets = tickets.exclude(channel__in=internal_channels())
        return tickets.filter(HIGH) if self.high_only else tickets


def asked_of(topics: Sequence[int]) -> Q:
    """Requests to these topics or their experts."""
    return Q(topic__in=topics) | Q(topic=None, expert__in=Expert.objects.filter(topics__in=topics))


HIGH = Q(priority__gte=Priority.HIGH)


def overdue(now: datetime) -> Q:
    """Open without an answer, past the target."""
    return UNANSWERED & rule.overdue(now)


def in_time(now: datetime) -> Q:
    """Open without an answer, before the target."""
    return UNANSWERED & rule.not_yet(now)


UNSETTLED = UNANSWERED & ~Q(status__in=rule.OPEN)
"""Done without an answer or a reason: a reply still being sent, or a ticket from before reasons were required."""


def figure(name: str, period: Period, now: datetime, day: date | None = None, *, with_noise: bool = False) -> Q:
    """The condition of a report's figure; with `day`, for that day only. Raises KeyError."""
    span = Period(day, day, period.tz) if day else period
    if name in outcomes.NAMES:
        return outcomes.condition(name, span, with_noise=with_noise)
    posted, needed = within_days("posted_at", span), needed_reply(with_noise=with_noise)
    answered = posted & answered_if(with_noise=with_noise)
    return {
        "mentions": posted,
        "answered": answered,
        "within": answered & Q(first_reply_at__lte=DUE),
        "late": answered & Q(first_reply_at__gt=DUE),
        "overdue": posted & overdue(now),
        "in_time": posted & in_time(now),
        "unsettled": posted & UNSETTLED,
        "no_reply": posted & ~needed,
        "replied": needed & within_days("first_reply_at", span),
        "solved": within_days("solved_at", span),
        "expert_responded": posted & Q(pk__in=Tag.objects.filter(name=RESPONDED_TAG).values("tickets")),
        **_now(now),
        **_lately(now),
    }[name]


AGES: dict[str, tuple[timedelta, timedelta | None]] = {
    "age_4h": (timedelta(), timedelta(hours=4)),
    "age_1d": (timedelta(hours=4), timedelta(days=1)),
    "age_3d": (timedelta(days=1), timedelta(days=3)),
    "age_7d": (timedelta(days=3), timedelta(days=7)),
    "age_older": (timedelta(days=7), None),
}
"""Of the backlog: from this age until before that one."""
BACKLOG = Q(status__in=[Ticket.Status.NEW, Ticket.Status.OPEN])


def _now(now: datetime) -> dict[str, Q]:
    """Name → condition, of the figures as of now, whatever the period."""
    ages = {
        name: BACKLOG & Q(posted_at__lte=now - least) & (Q(posted_at__gt=now - most) if most else Q())
        for name, (least, most) in AGES.items()
    }
    ages["age_4h"] |= BACKLOG & Q(posted_at__gt=now)  # a platform's clock may be ahead
    return ages | {
        "backlog": BACKLOG,
        "queued": Q(is_queued=True),
        "overdue_now": overdue(now),
        "due_soon": UNANSWERED & due_soon.due_soon(now),
        "parked": BACKLOG & ~Q(waiting_on=""),
    }


HOUR = timedelta(hours=1)
FRESH = timedelta(hours=24)
"""Mentions older than this on arrival are history."""


def _lately(now: datetime) -> dict[str, Q]:
    """Name → condition, of the figures for the hours before a moment, whatever the period."""
    since = now - timedelta(hours=settings.GROWTH_HOURS)
    solved_later = Q(solved_at__isnull=True) | Q(solved_at__gt=F("created_at"))
    left = Q(status=Ticket.Status.PENDING, last_message_at__gt=since, last_message_at__lte=now)
    return {
        "arrived": Q(created_at__gt=since, created_at__lte=now, posted_at__gt=F("created_at") - FRESH) & solved_later,
        "worked": (Q(solved_at__gt=since, solved_at__lte=now) | left) & solved_later,
        "last_hour": Q(posted_at__gt=now - HOUR, posted_at__lte=now),
    }


NOW_NAMES = ("queued", "overdue_now", "due_soon", "parked", "backlog", *AGES)
LATELY_NAMES = ("arrived", "worked", "last_hour")
FIGURE_NAMES = (
    *("mentions", "answered", "within", "late", "overdue", "in_time", "unsettled", "no_reply", "replied", "solved"),
    "expert_responded",
    *NOW_NAMES,
    *LATELY_NAMES,
    *outcomes.NAMES,
)


def counted_now(tickets: Tickets, filters: Filters, now: datetime) -> dict[str, int]:
    """Every figure of this moment. One query."""
    counts = {f"n_{name}": Count("pk", filter=figure(name, filters.period, now)) for name in NOW_NAMES}
    row = filters.narrow(tickets).filter(BACKLOG).aggregate(**counts)
    return {name: row[f"n_{name}"] for name in NOW_NAMES}


def first_posted(tickets: Tickets) -> datetime | None:
    """When the first of these tickets was posted. Follows an index, since MIN would read all of a million tickets."""
    found: datetime | None = tickets.order_by("posted_at").values_list("posted_at", flat=True).first()
    return found
