"""Decides who may read which roll-ups, and which channels a query covers."""

from __future__ import annotations

from typing import Any

from channels.audience import HIDDEN_CHANNELS
from channels.models import Channel
from channels.registry.internal_channels import internal_channels
from mentions.db import prepared
from mentions.people.access import VIEW
from metrics.definitions import Filters
from metrics.models import DayTimes
from metrics.rollups import reading

_VERSION = f"{reading.VERSION} AND cardinality({HIDDEN_CHANNELS}) = 0"


def version_for(user: Any, zone: str) -> int | None:
    """The version of the roll-ups that this person may read; None if the zone isn't ready or a channel is hidden from
    them, since a roll-up counts all tickets. One prepared query: every page asks."""
    if user is None or not user.has_perm(VIEW):
        return None
    rows = prepared.run(_VERSION, {"me": user.pk, "zone": zone})
    return rows[0][0] if rows else None


def may_answer(user: Any, filters: Filters, zone: str) -> bool:
    """Whether the roll-ups cover these filters and this person may read them."""
    return not filters.clock.in_coverage and not filters.is_of_some and version_for(user, zone) is not None


def measure_of(filters: Filters) -> DayTimes.Measure:
    """Of the first reply, by the clock that was asked for."""
    return DayTimes.Measure.INGESTED if filters.clock.from_arrival else DayTimes.Measure.POSTED


def channels_of(filters: Filters) -> list[int]:
    if filters.channel_ids:
        return list(filters.channel_ids)
    channels = Channel.objects.all() if filters.with_internal else Channel.objects.exclude(pk__in=internal_channels())
    return list(channels.values_list("pk", flat=True))
