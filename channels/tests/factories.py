"""The smallest valid rows of this app."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from channels.contract import Item, Page
from channels.models import Channel, Connection, OutboundItem
from channels.outbox import outbox

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
_numbers = count(1)


def make_connection(**values: Any) -> Connection:
    return Connection.objects.create(**{"platform": "fake", "name": f"connection {next(_numbers)}", **values})


def make_channel(connection: Connection, **values: Any) -> Channel:
    number = next(_numbers)
    return Channel.objects.create(
        **{"connection": connection, "name": f"channel {number}", "slug": f"channel-{number}", **values}
    )


def page_of(*posts: tuple[str, str], cursor: Any = None) -> Page:
    return Page([Item(pk, {"id": pk, "text": text}) for pk, text in posts], cursor)


def make_reply(connection: Connection, **values: Any) -> OutboundItem:
    payload = {"text": "Hello", "in_reply_to": "m1", "sender": "acme", **values.pop("payload", {})}
    return outbox.enqueue(
        **{
            "key": uuid4(),
            "kind": OutboundItem.Kind.REPLY,
            "connection_id": connection.pk,
            "conversation": f"c{next(_numbers)}",
            "payload": payload,
            "not_before": NOW,
            **values,
        }
    )
