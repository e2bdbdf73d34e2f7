"""The handbook preset for the fictional company Acme, connected to the sandbox's platforms.

Every start of the demo runs it again: sandbox URLs are updated (its ports may have moved); everything else stays as
people at the desk left it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from advocacy.demo import lookups
from advocacy.handbook import loading
from advocacy.handbook.company import Company
from advocacy.handbook.loading import LoadAction
from advocacy.handbook.preset import CONNECTIONS
from advocacy.handbook.rows import ConnectionRow
from channels.contract import Capability
from channels.models import Channel, Connection
from channels.registry.finding_adapters import adapter_for
from channels.secrets import vault
from mentions.models import PresetRecord
from sandbox import world

ACME = Company(world.COMPANY, world.MAIN_HANDLE, world.DOMAIN)
ALIVE_TOO = frozenset(
    ("lobsters", "youtube", "mastodon", "bluesky", "gitter", "community-content", "status-page"),
)
"""Keys of connections that the handbook leaves off; in the demo every platform is active."""
HOOK_SECRETS = ("webhook_secret", "signing_secret", "app_secret")
"""The names adapters use for the secret that signs a platform's calls."""

INTERACTIVITY = "slack-interactivity"
"""The sandbox's webhook for clicks in Slack."""

Access = Mapping[str, Mapping[str, Any]]
"""Platform → settings for connecting to it: the sandbox's `/control/access`."""


@transaction.atomic
def load(access: Access, *, now: datetime) -> None:
    """Load everything or nothing. Needs the encryption keys. `now` is aware UTC."""
    changes = loading.load(ACME, now=now)
    added = {change.key for change in changes if change.kind == "connection" and change.deed is LoadAction.ADD}
    for row in CONNECTIONS:
        connection = _connection(row.key)
        if connection is not None and row.platform in access:
            _connect(connection, row, access[row.platform], is_new=row.key in added)
    lookups.connect(access)


def hooks(access: Access) -> list[dict[str, str]]:
    """[{"platform", "path", "secret"}]: where the sandbox's platforms should call the desk."""
    found = []
    for connection in Connection.objects.filter(is_active=True, platform__in=list(access)).order_by("pk"):
        if adapter_for(connection.platform).can(Capability.WEBHOOK):
            known = access[connection.platform]["secrets"]
            secret = next((known[name] for name in HOOK_SECRETS if known.get(name)), "")
            found.append({"platform": connection.platform, "path": f"/hooks/{connection.hook_id}/", "secret": secret})
    if "slack" in access:
        found.append({"platform": INTERACTIVITY, "path": "/hooks/slack/", "secret": world.SLACK_SIGNING_SECRET})
    return found


def _connection(key: str) -> Connection | None:
    known = PresetRecord.objects.filter(kind="connection", key=key).values("object_id")
    return Connection.objects.filter(pk__in=known).first()


def _connect(connection: Connection, row: ConnectionRow, access: Mapping[str, Any], *, is_new: bool) -> None:
    usual = {
        name: value for name, value in access["settings"].items() if _is_address(value) or name not in row.settings
    }
    settings = {**connection.settings, **usual}
    if settings != connection.settings:
        connection.settings = settings
        connection.save(update_fields=["settings"])
    if is_new:
        connection.secrets = _sealed(access["secrets"])
        connection.is_active = row.is_active or row.key in ALIVE_TOO
        connection.paused_reason = "" if connection.is_active else connection.paused_reason
        connection.save(update_fields=["secrets", "is_active", "paused_reason"])
        channels, known = list(connection.channels.all()), access["channels"]
        # A platform may identify its only channel by a number, or by another name than the handbook.
        alone = next(iter(known.values())) if len(known) == len(channels) == 1 else ({}, {})
        for channel in channels:
            _fill(channel, known.get(channel.address, alone), is_alive=row.key in ALIVE_TOO)


def _fill(channel: Channel, access: tuple[Mapping[str, Any], Mapping[str, str]], *, is_alive: bool) -> None:
    settings, secret = access
    channel.settings = {**channel.settings, **settings}
    channel.secrets = _sealed(secret)
    channel.is_active = channel.is_active or is_alive
    channel.save(update_fields=["settings", "secrets", "is_active"])


def _is_address(value: Any) -> bool:
    """Values that change with the sandbox's ports: URLs, hosts and ports."""
    first = value[0] if isinstance(value, list) and value else value
    is_port = isinstance(first, int) and not isinstance(first, bool)
    return is_port or (isinstance(first, str) and first.startswith(("http://", "127.0.0.1")))


def _sealed(values: Mapping[str, str]) -> dict[str, str]:
    return {name: vault.seal(value) for name, value in values.items()}
