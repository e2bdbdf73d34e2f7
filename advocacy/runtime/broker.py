"""Redis as the broker, patched so that losing it ends no worker.

A task that ends after a lost connection is acknowledged on a channel with a closed connection. Kombu's channel then
fails with an AttributeError that nobody handles, and the whole worker exits (kombu 5.7; with slow polls within a minute
or so of an outage). It is a lost connection like any other: the message is redelivered, and tasks may run twice.
"""

from __future__ import annotations

from typing import Any

import redis
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis


class Channel(kombu_redis.Channel):
    """Every use of a connection first reads its parameters."""

    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        if self.connection is None or self.connection.client is None:
            raise redis.ConnectionError("The connection of this channel was lost.")
        return super()._connparams(*args, **kwargs)  # type: ignore[no-untyped-call]


class Transport(kombu_redis.Transport):
    Channel = Channel


def install() -> None:
    """For `redis://` and `rediss://`. Uses an alias, since the URL's scheme overrides Celery's other options."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
