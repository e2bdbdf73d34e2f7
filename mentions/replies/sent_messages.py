"""Stores a sent reply as a message. If polling stored it first, that row is used, never a second one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from channels.models import OutboundItem
from channels.outbox import personal
from channels.outbox.sending import payload_of
from channels.registry.configs import OWN_ID_SETTINGS, address_of, config_for
from channels.registry.finding_adapters import adapter_for
from mentions.handle_rules import invitations, privacy
from mentions.models import Author, Message, Person, Reply


def store(reply: Reply, item: OutboundItem, now: datetime) -> Message:
    """Runs in the caller's transaction. Ingest may store the same post concurrently: the unique key decides."""
    namespace = _namespace(reply)
    values = _values(reply, item, now)
    message, created = Message.objects.get_or_create(
        namespace=namespace,
        external_id=item.external_id,
        defaults={**values, "author": _author(reply, item, namespace)},
    )
    if not created and (message.direction != Message.Direction.TEAM or message.ticket_id != reply.ticket_id):
        message.direction, message.ticket = Message.Direction.TEAM, reply.ticket
        message.save(update_fields=["direction", "ticket"])
    # Only one reply can be this message, even if the platform repeats an id.
    is_taken = Reply.objects.filter(message=message).exclude(pk=reply.pk).exists()
    return message if not is_taken else _own_row(reply, item, namespace, values)


def _own_row(reply: Reply, item: OutboundItem, namespace: str, values: dict[str, Any]) -> Message:
    """If a platform gives two posts the same id, the second is stored under the reply's own key."""
    return Message.objects.get_or_create(
        namespace=namespace,
        external_id=f"{item.external_id}#{reply.key}"[:500],
        defaults={**values, "author": _author(reply, item, namespace)},
    )[0]


def _namespace(reply: Reply) -> str:
    """The answered message's namespace: the reply went through the same connection."""
    if reply.in_reply_to is not None:
        return reply.in_reply_to.namespace
    return adapter_for(reply.channel.connection.platform).namespace(config_for(reply.channel.connection))


def _values(reply: Reply, item: OutboundItem, now: datetime) -> dict[str, Any]:
    answered = reply.in_reply_to
    # The platform's time; a clock behind ours must not put the answer before the question.
    posted_at = item.sent_at or now
    if answered is not None:
        posted_at = max(posted_at, answered.posted_at)
    return {
        "ticket": reply.ticket,
        "channel": reply.channel,
        **_place(reply, item),
        "direction": Message.Direction.TEAM,
        "subject": reply.subject,
        "text": reply.text,
        "url": item.url,
        "posted_at": posted_at,
        "ingested_at": now,
        "version_at": reply.created_at,
        "digest": b"\0" * 16,
    }


def _place(reply: Reply, item: OutboundItem) -> dict[str, str]:
    """Where the reply belongs: below the message it answers, or in the private thread, where messages have no
    parent."""
    answered = reply.in_reply_to
    if answered is None:
        return {"thread_id": item.external_id, "parent_external_id": ""}
    if privacy.sends_privately(reply.channel):
        thread = invitations.thread_of(reply.channel, answered.author.external_id)
        return {"thread_id": thread or item.external_id, "parent_external_id": ""}
    parent = answered.reply_to_external_id or answered.external_id
    return {"thread_id": answered.thread_id, "parent_external_id": parent}


def _author(reply: Reply, item: OutboundItem, namespace: str) -> Author:
    """The account of the handle or alias, or of the reply's author: the one polling will report."""
    if account_id := str(payload_of(item).get(personal.ACCOUNT) or ""):
        person = Person.objects.filter(user_id=item.sent_as_id).first() if item.sent_as_id else None
        defaults = {"name": person.name if person else "", "person": person, "is_us": True}
        return Author.objects.get_or_create(namespace=namespace, external_id=account_id, defaults=defaults)[0]
    channel = reply.channel
    account = next((str(channel.settings[n]) for n in OWN_ID_SETTINGS if channel.settings.get(n)), "")
    address = adapter_for(channel.connection.platform).account_of(address_of(channel))
    existing = Author.objects.filter(namespace=namespace, handle__iexact=address).order_by("id").first()
    if not account and existing is not None:
        return existing
    handle = adapter_for(channel.connection.platform).account_of(channel.address.strip().lstrip("@"))
    defaults = {"handle": handle, "name": settings.COMPANY_NAME, "is_us": True}
    return Author.objects.get_or_create(namespace=namespace, external_id=account or address, defaults=defaults)[0]
