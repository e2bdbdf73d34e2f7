"""What of a reply goes to the platform: the fields of `channels.contract.Outgoing`."""

from __future__ import annotations

from typing import Any

from channels.registry.configs import address_of
from mentions.models import Message, Reply, Ticket

MAX_REFERENCES = 100


def answered_message(ticket: Ticket) -> Message | None:
    """The message that a reply goes under: the requester's latest, else the latest of anybody but us; an absence note
    or other automatic mail only where there is nothing else."""
    inbound = Message.objects.filter(ticket=ticket, is_deleted=False).exclude(direction=Message.Direction.TEAM)
    newest = (
        inbound.select_related("author", "channel__connection").defer("search").order_by("is_auto", "-posted_at", "-id")
    )
    return newest.filter(author_id=ticket.requester_id).first() or newest.first()


def subject_for(message: Message) -> str:
    """`Re:` once, in whatever case they wrote it."""
    subject = " ".join((message.subject or message.thread_title).split())
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}".strip()


def payload(reply: Reply) -> dict[str, Any]:
    """JSON of `Outgoing` without its key; what makes no sense on the platform is left out."""
    answered = reply.in_reply_to
    fields: dict[str, Any] = {"text": reply.text, "sender": address_of(reply.channel)}
    if answered is not None:
        fields["thread_id"] = answered.thread_id
        fields["in_reply_to"] = answered.reply_to_external_id or answered.external_id
    if reply.recipients:
        fields |= {
            "recipients": reply.recipients,
            "cc": reply.cc,
            "subject": reply.subject,
            "references": references(answered) if answered else [],
        }
    return fields


def references(message: Message) -> list[str]:
    """The whole chain, oldest first, ending with what is answered (RFC 5322, 3.6.4); a very long one loses its middle,
    never its root."""
    chain = [*(message.extra or {}).get("references", []), message.external_id]
    unique = list(dict.fromkeys(str(each) for each in chain if each))
    if len(unique) > MAX_REFERENCES:
        unique = [unique[0], *unique[-(MAX_REFERENCES - 1) :]]
    return unique
