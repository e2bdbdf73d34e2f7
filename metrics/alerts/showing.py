"""Alerts for the pages: in words, with figures that link to their tickets, and with samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from channels.audience import seen_by
from channels.registry.icons import with_platform
from channels.registry.internal_channels import internal_channels
from mentions.clocks import covered
from mentions.people import access
from mentions.people.audience import restricted_channels
from metrics.alerts.telling import SAMPLES
from metrics.definitions import Tickets, figure
from metrics.figures.parts import Part
from metrics.models import Alert
from metrics.periods import Period
from metrics.tables import Cell

SHOWN_FOR = timedelta(days=30)
MAX_SHOWN = 50
FIGURES = {Alert.Kind.GROWTH: ("arrived", "worked"), Alert.Kind.SPIKE: ("last_hour",)}


@dataclass
class ShownAlert:
    """One alert for one person. `cells`: figure → what they may see of it."""

    alert: Alert
    cells: list[Cell]
    samples: list[Any] = field(default_factory=list)

    @property
    def words(self) -> str:
        return words_of(self.alert)


def words_of(alert: Alert) -> str:
    """An alert in words, as posted in Slack: with the alert's own numbers, not the reader's."""
    if alert.kind == Alert.Kind.GROWTH:
        said = _("The queue is growing fast: %(arrived)d in, %(worked)d worked within %(hours)d h")
        return str(said % alert.figures)
    where = with_platform(alert.channel.name, alert.channel.connection.platform) if alert.channel else ""
    said = _("Unusually many mentions: %(channel)s, %(count)d within an hour, usually %(usual)s")
    return said % {**alert.figures, "channel": where, "usual": f"{alert.figures['usual']:g}"}


def for_everybody_now() -> list[str]:
    """Running alerts that every reader of reports may see, for the banner. One query."""
    running = Alert.objects.filter(ended_at=None).exclude(channel__in=restricted_channels())
    return [words_of(alert) for alert in running.select_related("channel__connection").order_by("-began_at")]


def shown_to(user: Any, now: datetime) -> list[ShownAlert]:
    """The alerts that this person may see, running ones first, then recent ones. Three queries, however many there
    are."""
    recent = Q(ended_at=None) | Q(ended_at__gt=now - SHOWN_FOR)
    found = seen_by(user, Alert).filter(recent).select_related("channel__connection")
    alerts = list(found.order_by(F("ended_at").desc(nulls_first=True), "-began_at")[:MAX_SHOWN])
    tickets = access.visible_tickets(user)
    counts, samples = _counts(tickets, alerts), _samples(tickets, [each for each in alerts if each.is_running])
    return [
        ShownAlert(alert, _cells(alert, counts), samples.get(alert.channel_id or 0, []) if alert.is_running else [])
        for alert in alerts
    ]


def _condition(alert: Alert, name: str) -> Q:
    """What the list behind the figure shows: internal channels only if the alert is about one."""
    day = Period(alert.at.date(), alert.at.date())
    scope = Q(channel=alert.channel_id) if alert.channel_id else ~Q(channel__in=internal_channels())
    if teams := alert.figures.get("away"):
        scope &= ~covered.of_teams(teams)
    return figure(name, day, alert.at) & scope & Q(merged_into=None)


def _counts(tickets: Tickets, alerts: Sequence[Alert]) -> dict[str, int]:
    counts, either = {}, Q(pk__in=[])
    for alert in alerts:
        for name in FIGURES[Alert.Kind(alert.kind)]:
            condition = _condition(alert, name)
            counts[f"n_{alert.pk}_{name}"], either = Count("pk", filter=condition), either | condition
    found: dict[str, int] = tickets.filter(either).aggregate(**counts) if counts else {}
    return found


def _cells(alert: Alert, counts: dict[str, int]) -> list[Cell]:
    values = {name: counts[f"n_{alert.pk}_{name}"] for name in FIGURES[Alert.Kind(alert.kind)]}
    part = Part(away=",".join(str(team) for team in alert.figures.get("away", ())))
    return [Cell(f"{value:,}", value, name, alert.channel_id, at=alert.at, part=part) for name, value in values.items()]


def _samples(tickets: Tickets, alerts: Sequence[Alert]) -> dict[int, list[Any]]:
    """Channel id → the newest mentions of its running spike."""
    either = Q(pk__in=[])
    for alert in alerts:
        if alert.kind == Alert.Kind.SPIKE:
            either |= _condition(alert, "last_hour")
    newest = Window(RowNumber(), partition_by="channel", order_by=[F("posted_at").desc(), F("pk").desc()])
    rows = tickets.filter(either).annotate(newest=newest).filter(newest__lte=SAMPLES).select_related("requester")
    found: dict[int, list[Any]] = {}
    for ticket in rows.order_by("newest"):
        found.setdefault(ticket.channel_id, []).append(ticket)
    return found
