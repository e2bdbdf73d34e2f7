"""Credential expiry, on platforms that report it: checked once a day, in time for pages and alarms."""

from __future__ import annotations

import logging
from datetime import datetime

from channels import sweeps
from channels.contract import Adapter
from channels.errors import ChannelError
from channels.models import Connection
from channels.registry.configs import source_for
from channels.registry.finding_adapters import all_adapters

logger = logging.getLogger(__name__)


def ask_all(now: datetime) -> int:
    """Ask the platforms when each connection's credentials expire; returns how many got a date. One that can't be
    checked keeps its old date."""
    platforms = [name for name, adapter in all_adapters().items() if _tells(adapter)]
    active = Connection.objects.filter(is_active=True, platform__in=platforms).prefetch_related("channels")
    return sweeps.each("expiry", active, _ask)


def _ask(connection: Connection) -> bool:
    try:
        source = source_for(connection)
        expires_at = source.adapter.token_expires_at(source.config)
    except ChannelError as error:
        logger.info("%s does not say when its credentials expire (%s).", connection, type(error).__name__)
        return False
    if expires_at is None:
        return False
    return bool(Connection.objects.filter(pk=connection.pk).update(token_expires_at=expires_at))


def _tells(adapter: Adapter) -> bool:
    return type(adapter).token_expires_at is not Adapter.token_expires_at
