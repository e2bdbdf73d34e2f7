"""The contents of the desk's tables without ids and processing times: equal tables mean the same desk."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mentions.models import Message, ThreadAlias, ThreadPost, Ticket

TICKET = (
    "requester__external_id",
    "channel__slug",
    "subject",
    "status",
    "priority",
    "posted_at",
    "queued_at",
    "last_message_at",
    "first_reply_at",
    "first_reply_message__external_id",
    "due_at",
    "no_reply_reason",
)
MESSAGE = (
    "namespace",
    "external_id",
    "author__external_id",
    "direction",
    "channel__slug",
    "text",
    "is_deleted",
    "reply_to_external_id",
    "posted_at",
    "ticket__posted_at",
    "ticket__requester__external_id",
)


def desk() -> dict[str, Any]:
    sightings = Message.objects.values_list("external_id", "sightings__channel__slug")
    return {
        "tickets": Counter(Ticket.objects.values_list(*TICKET)),
        "messages": set(Message.objects.values_list(*MESSAGE)),
        "sightings": Counter(sightings),
        "revisions": set(Message.objects.values_list("external_id", "revisions__text")),
        "aliases": set(Message.objects.values_list("external_id", "aliases__external_id")),
        "threads": set(ThreadAlias.objects.values_list("key", "ticket__requester__external_id")),
        "context": set(ThreadPost.objects.values_list("external_id", "author_handle", "text", "is_deleted")),
    }


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, list[Any]]:
    """Table → rows that only one side has, with + for `found`; empty if both are equal."""
    out: dict[str, list[Any]] = {}
    for name in expected:
        a, b = Counter(found[name]), Counter(expected[name])
        rows = [("+", row) for row in a - b] + [("-", row) for row in b - a]
        if rows:
            out[name] = rows
    return out
