"""Finds the channels in which colleagues ask questions."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from channels.models import Channel
from channels.registry.finding_adapters import all_adapters


def internal_channels() -> QuerySet[Channel]:
    """Channels where colleagues ask: the channel's setting, else the platform's default."""
    platforms = [platform for platform, adapter in all_adapters().items() if adapter.is_internal]
    by_platform = Q(is_internal__isnull=True, connection__platform__in=platforms)
    return Channel.objects.filter(Q(is_internal=True) | by_platform)
