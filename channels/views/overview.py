"""Data of the channels page: every connection with its channels, health and volume. Six queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.functional import Promise

from channels.contract import Adapter, Capability
from channels.models import Channel, Connection, InboundItem, OutboundItem
from channels.monitoring.health import Health, Level, channel_health, connection_health
from channels.registry.finding_adapters import all_adapters

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
CHART_DAYS = 14

Volume = Callable[[datetime, int], Mapping[int, Sequence[int]]]
"""(now, days) → channel id → number of mentions on each of the last `days` days (UTC), today last."""
_volumes: list[Volume] = []


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a related page, shown to users with the permission."""

    label: str | Promise
    url_name: str
    permission: str


_links: list[Link] = []


def register_link(link: Link) -> None:
    """Add a page of a floor above."""
    if link not in _links:
        _links.append(link)


def links_for(user: AbstractBaseUser | AnonymousUser) -> list[tuple[str | Promise, str]]:
    """(label, URL) of the pages the user may open."""
    return [(link.label, reverse(link.url_name)) for link in _links if user.has_perm(link.permission)]  # type: ignore[union-attr]


def register_volume(volume: Volume) -> None:
    """Set the function that counts mentions per channel; only one floor above provides it."""
    _volumes[:] = [volume]


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """`days`: mentions on each of the last days, today last; () if nothing counts them."""

    channel: Channel
    health: Health
    days: Sequence[int] = ()

    @property
    def bars(self) -> list[tuple[int, float, float]]:
        """(x, y, height) of each day's bar, in a box 4 wide per day and 16 high; an empty day gets a hairline."""
        most = max([*self.days, 1])
        heights = [max(1.0, round(15 * count / most, 1)) if count else 0.6 for count in self.days]
        return [(4 * number, round(16 - height, 1), height) for number, height in enumerate(heights)]

    @property
    def total(self) -> int:
        return sum(self.days)

    @property
    def last_week(self) -> int:
        return sum(self.days[-7:])

    @property
    def today(self) -> int:
        return self.days[-1] if self.days else 0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Unsent outbox items: waiting for their turn or a retry, and uncertain ones."""

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
    has_hook: bool = False
    is_polled: bool = True

    @property
    def level(self) -> Level:
        """The most urgent level of the connection and its channels."""
        return max([self.healths[0].level, *(row.health.level for row in self.channels)])


@dataclass(frozen=True, slots=True)
class Overview:
    rows: list[ConnectionRow]
    slack: Outgoing

    @property
    def troubled(self) -> int:
        return sum(row.level >= Level.WARNING for row in self.rows)


def overview(now: datetime) -> Overview:
    """Connections, most urgent first, then by name."""
    connections = Connection.objects.prefetch_related("channels").order_by("name")
    volume, failed, outgoing = _volume(now), _failed(), _outgoing()
    days = _volumes[0](now, CHART_DAYS) if _volumes else {}
    rows = [
        _row(connection, volume.get(connection.pk, (0, 0)), failed.get(connection.pk, 0), outgoing, days, now)
        for connection in connections
    ]
    rows.sort(key=lambda row: -row.level)
    return Overview(rows, outgoing.get(None, Outgoing()))


def _row(
    connection: Connection,
    volume: tuple[int, int],
    failed: int,
    outgoing: dict[int | None, Outgoing],
    days: Mapping[int, Sequence[int]],
    now: datetime,
) -> ConnectionRow:
    adapter = all_adapters().get(connection.platform)
    return ConnectionRow(
        connection=connection,
        platform=adapter.label if adapter is not None else connection.platform,
        healths=connection_health(connection, adapter, now),
        channels=[_channel(channel, adapter, days, now) for channel in connection.channels.all()],
        last_day=volume[0],
        last_week=volume[1],
        failed=failed,
        outgoing=outgoing.get(connection.pk, Outgoing()),
        has_hook=adapter is not None and adapter.can(Capability.WEBHOOK),
        is_polled=adapter is None or adapter.is_polled,
    )


def _channel(channel: Channel, adapter: Adapter | None, days: Mapping[int, Sequence[int]], now: datetime) -> ChannelRow:
    return ChannelRow(channel, channel_health(channel, adapter, now), days.get(channel.pk, ()))


def _volume(now: datetime) -> dict[int, tuple[int, int]]:
    """Connection id → items first stored in the last (day, week)."""
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
