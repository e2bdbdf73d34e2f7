"""Internal notes: they never leave the desk and never affect a clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from mentions.db import locks
from mentions.models import Event, EventKind, Note, Ticket

MAX_LENGTH = 20_000


@transaction.atomic
def add(ticket_id: int, actor: Any, text: str, now: datetime) -> Note:
    """Anybody who may read a ticket may add a note, whoever holds it. Raises ValidationError if empty,
    Ticket.DoesNotExist if its import was undone at this moment."""
    locks.share_ticket(ticket_id)
    ticket = Ticket.objects.only("pk").get(pk=ticket_id)
    note = write(ticket, actor, text, now)
    Event.objects.create(ticket=ticket, at=now, actor=actor, kind=EventKind.NOTED, data={"note": note.pk})
    return note


def write(ticket: Ticket, actor: Any, text: str, now: datetime) -> Note:
    """Writes only the row, for verbs that record their own Event."""
    text = text.replace("\0", "").strip()
    if not text:
        raise ValidationError(_("The note is empty."))
    if len(text) > MAX_LENGTH:
        raise ValidationError(_("The note is too long. The limit is %(most)s characters.") % {"most": MAX_LENGTH})
    return Note.objects.create(ticket=ticket, author=actor, text=text, created_at=now)
