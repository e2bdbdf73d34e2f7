"""Creates the connection for mentions that people add by hand."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from channels.models import Channel, Connection
from channels.registry.finding_adapters import adapter_for

PLATFORM = "manual"
ADDRESS = "by-hand"
"""Address of the channel that `set_up` creates; any word would do."""


@transaction.atomic
def set_up() -> Channel:
    """Create a connection with one channel, unless there is an active one."""
    active = Channel.objects.filter(connection__platform=PLATFORM, connection__is_active=True, is_active=True)
    if existing := active.order_by("rank", "pk").first():
        return existing
    name = _free(Connection, "name", adapter_for(PLATFORM).label)
    connection = Connection.objects.filter(platform=PLATFORM, is_active=True).order_by("pk").first()
    connection = connection or Connection.objects.create(platform=PLATFORM, name=name)
    address = ADDRESS if not connection.channels.filter(address=ADDRESS).exists() else f"{ADDRESS}-{connection.pk}"
    return Channel.objects.create(
        connection=connection,
        name=_free(Channel, "name", name),
        slug=_free(Channel, "slug", ADDRESS),
        address=address,
        is_default=not connection.channels.filter(is_default=True).exists(),
    )


def _free(model: Any, field: str, wanted: str) -> str:
    taken = set(model.objects.filter(**{f"{field}__startswith": wanted}).values_list(field, flat=True))
    return next(name for n in range(1, len(taken) + 2) if (name := wanted if n == 1 else f"{wanted}-{n}") not in taken)
