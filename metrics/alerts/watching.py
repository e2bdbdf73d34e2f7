"""Opens and closes alerts from the current tickets, and announces each in Slack once.

A running alert is an open row. Opening or closing it also queues its Slack message in the same transaction, so it is
announced once, however many workers look. After an outage, only the present is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from channels import sweeps
from channels.models import Channel
from mentions.models import Ticket
from mentions.people.audience import for_everybody, for_one_channel
from metrics.alerts import growth, spikes, telling
from metrics.alerts.spikes import Hour
from metrics.models import Alert


def watch(now: datetime) -> int:
    """Open, update and close alerts; returns how many were opened or closed."""
    return watch_growth(now) + watch_spikes(now)


@transaction.atomic
def watch_growth(now: datetime) -> int:
    alert, away = _open(Alert.Kind.GROWTH, None), growth.away(now)
    if not growth.may_judge(away, alert):
        return 0
    away = alert.figures.get("away", []) if alert is not None else away
    found = growth.measure(now, away)
    if growth.grows(found, settings.GROWTH_TICKETS, is_open=alert is not None):
        is_new = _raise(alert, Alert.Kind.GROWTH, None, _figures(found, away), now)
        if is_new:
            telling.grows(found, now)
        return int(is_new)
    if alert is None:
        return 0
    _end(alert, now)
    telling.grows_no_more(alert, found, now)
    return 1


def _figures(found: growth.Growth, away: Sequence[int]) -> dict[str, Any]:
    """`away`: the teams whose mentions are not counted."""
    figures = {"arrived": found.arrived, "worked": found.worked, "hours": settings.GROWTH_HOURS}
    return {**figures, "away": list(away)} if away else figures


def watch_spikes(now: datetime) -> int:
    """Watch for spikes: unrestricted channels by what everybody may see, restricted ones by what their own readers may
    see."""
    hours = spikes.measure(for_everybody(Ticket.objects.all()), now)
    hours |= spikes.measure(for_one_channel(Ticket.objects.all()), now)
    running = set(Alert.objects.filter(kind=Alert.Kind.SPIKE, ended_at=None).values_list("channel_id", flat=True))
    minimum = settings.SPIKE_MENTIONS
    unusual = {pk for pk, hour in hours.items() if spikes.is_unusual(hour, minimum, is_open=False)}
    return sweeps.each("spikes", sorted(unusual | running), lambda pk: _judge(pk, hours.get(pk, Hour(0)), now))


@transaction.atomic
def _judge(channel_id: int, hour: Hour, now: datetime) -> bool:
    alert = _open(Alert.Kind.SPIKE, channel_id)
    if not spikes.is_unusual(hour, settings.SPIKE_MENTIONS, is_open=alert is not None):
        if alert is not None:
            _end(alert, now)
        return alert is not None
    figures = {"count": hour.count, "usual": hour.usual, "weeks": len(hour.before)}
    if not _raise(alert, Alert.Kind.SPIKE, channel_id, figures, now):
        return False
    telling.spike(Channel.objects.select_related("connection").get(pk=channel_id), hour, now)
    return True


def _open(kind: str, channel_id: int | None) -> Alert | None:
    running = Alert.objects.select_for_update(of=("self",)).filter(kind=kind, ended_at=None)
    return running.filter(_about(channel_id)).first()


def _about(channel_id: int | None) -> Q:
    return Q(channel__isnull=True) if channel_id is None else Q(channel=channel_id)


def _raise(alert: Alert | None, kind: str, channel_id: int | None, figures: dict[str, Any], now: datetime) -> bool:
    """Open an alert, or update it if it is open (a spike keeps its highest hour). Returns whether it is new."""
    if alert is None:
        new = Alert(kind=kind, channel_id=channel_id, began_at=now, at=now, figures=figures)
        Alert.objects.bulk_create([new], ignore_conflicts=True)  # another worker may open it at the same time
        return Alert.objects.filter(_about(channel_id), kind=kind, ended_at=None, began_at=now).exists()
    if kind == Alert.Kind.GROWTH or figures["count"] >= alert.figures["count"]:
        alert.at, alert.figures = now, figures
        alert.save(update_fields=["at", "figures"])
    return False


def _end(alert: Alert, now: datetime) -> None:
    alert.ended_at = now
    alert.save(update_fields=["ended_at"])
