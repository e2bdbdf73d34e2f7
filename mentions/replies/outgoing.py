"""Builds what goes to the platform from a reply: the fields of `channels.contract.Outgoing`."""

from __future__ import annotations

from typing import Any

from channels.registry.configs import address_of
from mentions.handle_rules import privacy
from mentions.models import Message, Reply, Ticket

MAX_REFERENCES = 100


def answered_message(ticket: Ticket) -> Message | None:
    """The message a reply goes under: the requester's latest, else the latest from anybody but us; automatic mail, such
    as an absence note, only if there is nothing else."""
    inbound = Message.objects.filter(ticket=ticket, is_deleted=False).exclude(direction=Message.Direction.TEAM)
    newest = (
        inbound.select_related("author", "channel__connection").defer("search").order_by("is_auto", "-posted_at", "-id")
    )
    return newest.filter(author_id=ticket.requester_id).first() or newest.first()


def subject_for(message: Message) -> str:
    """Adds one `Re:`, whatever the case of an existing one."""
    subject = " ".join((message.subject or message.thread_title).split())
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}".strip()


def payload(reply: Reply) -> dict[str, Any]:
    """JSON of `Outgoing` without its key; fields that the platform has no use for are left out."""
    answered = reply.in_reply_to
    fields: dict[str, Any] = {"text": reply.text, "sender": address_of(reply.channel)}
    if answered is not None:
        fields["thread_id"] = answered.thread_id
        fields["in_reply_to"] = answered.reply_to_external_id or answered.external_id
    if answered is not None and privacy.sends_privately(reply.channel):
        fields["recipients"] = [answered.author.external_id]
    if reply.recipients:
        fields |= {
            "recipients": reply.recipients,
            "cc": reply.cc,
            "subject": reply.subject,
            "references": references(answered) if answered else [],
        }
    return fields


def references(message: Message) -> list[str]:
    """The whole chain, oldest first, ending with the answered message (RFC 5322, 3.6.4); a very long one loses its
    middle, never its root."""
    chain = [*(message.extra or {}).get("references", []), message.external_id]
    unique = list(dict.fromkeys(str(each) for each in chain if each))
    if len(unique) > MAX_REFERENCES:
        unique = [unique[0], *unique[-(MAX_REFERENCES - 1) :]]
    return unique
