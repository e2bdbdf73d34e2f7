"""Incoming webhooks: verified by the adapter, stored in the inbox, then acknowledged."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.contract import Capability, Hook, HookAnswer, Page
from channels.inbox import storing_once
from channels.models import Connection
from channels.parsing import reader
from channels.registry.configs import source_for

MAX_BYTES = 1024 * 1024


def declared_bytes(meta: Mapping[str, Any]) -> int:
    """The request's declared body length; `sys.maxsize` if it isn't a number."""
    try:
        return int(meta.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return sys.maxsize


class Unknown(LookupError):
    """No connection has this webhook."""


class Paused(Exception):
    """The connection is paused: the platform should retry later."""


def receive(hook_id: UUID, hook: Hook, now: datetime) -> HookAnswer:
    """Store a hook's items; returns the response for the platform. Idempotent: items have ids.

    It is parsed in a process that can be killed. Raises Unknown, Paused, Refused, Malformed, InvalidSettings, and
    Transient if the process was killed: nothing was stored, and the platform may resend it.
    """
    connection = Connection.objects.prefetch_related("channels").filter(hook_id=hook_id).first()
    if connection is None:
        raise Unknown
    source = source_for(connection)
    if not source.adapter.can(Capability.WEBHOOK):
        raise Unknown
    if not connection.is_active:
        raise Paused
    answer = reader.receive(source.adapter, source.config, hook, now)
    if answer.items:
        storing_once.store_page(connection.pk, Page(answer.items, None), fetched_at=now, source=source)
        Connection.objects.filter(pk=connection.pk).update(last_success_at=now)
    if answer.poll:
        Connection.objects.filter(pk=connection.pk, next_poll_at__gt=now).update(next_poll_at=now)
    return answer
