"""Tells the CRM about an application: one signed call for each change, in order, through the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.urls import reverse

from channels.models import OutboundItem
from channels.outbox import outbox
from mentions.models import Application, Ticket
from mentions.undo import window

_SPACE = UUID("6f1d5c1e-6c43-4d0a-9d33-8f1a1f0c7b52")


def is_set_up() -> bool:
    return bool(settings.CRM_WEBHOOK_URL)


def tell(found: Application, ticket: Ticket, now: datetime) -> OutboundItem | None:
    """Queue a call with the application's present state, once per change; None without a CRM. It waits for the undo
    window. In the caller's transaction, the application locked."""
    if not is_set_up():
        return None
    found.told += 1
    found.save(update_fields=["told"])
    return outbox.enqueue(
        key=uuid5(_SPACE, f"{found.pk}:{found.told}"),
        kind=OutboundItem.Kind.WEBHOOK,
        connection_id=None,
        conversation=conversation_of(ticket.pk),
        payload={"event": f"application.{found.state}", "body": _body(found, ticket, now)},
        not_before=window.end(now),
    )


def conversation_of(ticket_id: int) -> str:
    return f"program:{ticket_id}"


def _body(found: Application, ticket: Ticket, now: datetime) -> dict[str, Any]:
    who = ticket.requester
    return {
        "event": f"application.{found.state}",
        "sequence": found.told,
        "at": now.isoformat(),
        "application": {
            "id": found.pk,
            "program": found.program,
            "state": str(found.state),
            "licence": found.licence,
            "received_at": found.created_at.isoformat(),
            "decided_by": found.decided_by.get_username() if found.decided_by else None,
            "ticket": settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk]),
            "applicant": {"name": who.name, "email": who.handle if "@" in who.handle else ""},
            "subject": ticket.subject,
        },
    }


def last_call(ticket_id: int) -> OutboundItem | None:
    """The newest call about this ticket's application."""
    return OutboundItem.objects.filter(conversation=conversation_of(ticket_id)).order_by("-pk").first()
