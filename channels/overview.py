"""What the channels page shows: every connection with its channels, how it is, and what it brought. Five queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Q

from channels.health import Health, Level, channel_health, connection_health
from channels.models import Channel, Connection, InboundItem, OutboundItem
from channels.registry import all_adapters

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ChannelRow:
    channel: Channel
    health: Health


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What has not left yet: waiting for its turn or a retry, and uncertain ones."""

    waiting: int = 0
    uncertain: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    connection: Connection
    platform: str
    healths: list[Health]
    channels: list[ChannelRow]
    last_day: int
    last_week: int
    failed: int
    outgoing: Outgoing = field(default_factory=Outgoing)

    @property
    def level(self) -> Level:
        """Of the most urgent thing about it or one of its channels."""
        return max([self.healths[0].level, *(row.health.level for row in self.channels)])


@dataclass(frozen=True, slots=True)
class Overview:
    rows: list[ConnectionRow]
    slack: Outgoing

    @property
    def troubled(self) -> int:
        return sum(row.level >= Level.WARNING for row in self.rows)


def overview(now: datetime) -> Overview:
    """Connections, the most urgent first, then by name."""
    connections = Connection.objects.prefetch_related("channels").order_by("name")
    volume, failed, outgoing = _volume(now), _failed(), _outgoing()
    rows = [
        _row(connection, volume.get(connection.pk, (0, 0)), failed.get(connection.pk, 0), outgoing, now)
        for connection in connections
    ]
    rows.sort(key=lambda row: -row.level)
    return Overview(rows, outgoing.get(None, Outgoing()))


def _row(
    connection: Connection,
    volume: tuple[int, int],
    failed: int,
    outgoing: dict[int | None, Outgoing],
    now: datetime,
) -> ConnectionRow:
    adapter = all_adapters().get(connection.platform)
    return ConnectionRow(
        connection=connection,
        platform=adapter.label if adapter is not None else connection.platform,
        healths=connection_health(connection, adapter, now),
        channels=[ChannelRow(c, channel_health(c, adapter, now)) for c in connection.channels.all()],
        last_day=volume[0],
        last_week=volume[1],
        failed=failed,
        outgoing=outgoing.get(connection.pk, Outgoing()),
    )


def _volume(now: datetime) -> dict[int, tuple[int, int]]:
    """Connection → items stored for the first time in the last (day, week)."""
    recent = InboundItem.objects.filter(created_at__gt=now - WEEK, role=InboundItem.Role.MENTION)
    counted = recent.values("connection_id").annotate(
        day=Count("pk", filter=Q(created_at__gt=now - DAY)), week=Count("pk")
    )
    return {row["connection_id"]: (row["day"], row["week"]) for row in counted.order_by()}


def _failed() -> dict[int, int]:
    failed = InboundItem.objects.filter(state=InboundItem.State.FAILED)
    return dict(failed.values_list("connection_id").annotate(count=Count("pk")).order_by())


def _outgoing() -> dict[int | None, Outgoing]:
    state = OutboundItem.State
    waiting = Count("pk", filter=~Q(state=state.UNCERTAIN))
    uncertain = Count("pk", filter=Q(state=state.UNCERTAIN))
    open_items = OutboundItem.objects.filter(state__in=(state.QUEUED, state.RETRYING, state.SENDING, state.UNCERTAIN))
    counted = open_items.values_list("connection_id").annotate(waiting=waiting, uncertain=uncertain).order_by()
    return {connection_id: Outgoing(*counts) for connection_id, *counts in counted}
