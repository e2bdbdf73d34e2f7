"""What somebody has typed and not sent, one per ticket and person; kept through parking and a closed tab."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from mentions import locks
from mentions.models import Draft


@transaction.atomic
def save(ticket_id: int, user: Any, text: str, now: datetime) -> None:
    """Empty text removes it. Needs no claim: a draft that loses its claim is not lost. Raises Ticket.DoesNotExist."""
    text = text.replace("\0", "")
    if not text.strip():
        discard(ticket_id, user)
        return
    values = {"text": text, "updated_at": now}
    locks.share_ticket(ticket_id)
    Draft.objects.update_or_create(ticket_id=ticket_id, user=user, defaults=values)


def text_of(ticket_id: int, user: Any) -> str:
    return Draft.objects.filter(ticket_id=ticket_id, user=user).values_list("text", flat=True).first() or ""


def discard(ticket_id: int, user: Any) -> None:
    Draft.objects.filter(ticket_id=ticket_id, user=user).delete()


def give_back(ticket_id: int, user: Any, text: str, now: datetime) -> None:
    """A reply that did not leave becomes a draft again, in front of what has been typed since."""
    if user is None:
        return
    since = text_of(ticket_id, user)
    if text.strip() not in since:
        text = f"{text}\n\n{since}" if since.strip() else text
        save(ticket_id, user, text, now)
