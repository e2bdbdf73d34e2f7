"""Decides who may undo."""

from __future__ import annotations

from typing import Any

from mentions.models import Event, Reply
from mentions.people import access


def require_reply(actor: Any, reply: Reply) -> None:
    """Raises PermissionDenied for somebody else's reply without the right to delete replies."""
    if reply.author_id != actor.pk:
        access.require(actor, access.DELETE_REPLY)


def is_own_outcome(actor: Any, event: Event) -> bool:
    return bool(event.actor_id == actor.pk)
