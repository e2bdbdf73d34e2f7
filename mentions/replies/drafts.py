"""What somebody has typed and not sent, one per ticket and person; kept through parking and a closed tab.

The newest text wins, whatever order saves arrive in. A window numbers its saves: the highest number of its own wins. Of
two windows, only one that has seen the other's text replaces it; any other is told (`Kept.is_newest`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from mentions.db import locks
from mentions.models import Draft


@dataclass(frozen=True, slots=True)
class Stamp:
    """Of a save by a page: which window (`writer`) saves, its number there, and the version that it has seen."""

    writer: str
    sequence: int
    base: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The draft as it is now. `is_newest`: what was given is what is kept."""

    text: str = ""
    version: int = 0
    writer: str = ""
    sequence: int = 0
    status_after: str = ""
    is_newest: bool = True

    @classmethod
    def of(cls, row: Draft, *, is_newest: bool = True) -> Kept:
        after = "" if row.writer == Draft.SENT else row.status_after
        return cls(row.text, row.version, row.writer, row.sequence, after, is_newest)


@transaction.atomic
def save(ticket_id: int, user: Any, text: str, now: datetime, stamp: Stamp | None = None) -> Kept:
    """Empty text removes it. Needs no claim: a draft that loses its claim is not lost. Without a stamp it is the desk's
    own doing, and wins. Raises Ticket.DoesNotExist."""
    text = text.replace("\0", "").replace("\r\n", "\n")
    row = _locked(ticket_id, user, now)
    if stamp is not None and not _is_newer(row, stamp):
        return Kept.of(row, is_newest=False)
    if row.writer == Draft.SENT:
        row.status_after = ""  # that was of the reply before
    return _write(row, text if text.strip() else "", now, stamp)


def _is_newer(row: Draft, stamp: Stamp) -> bool:
    if row.writer == stamp.writer:
        return stamp.sequence > row.sequence
    return stamp.base >= row.version


def _locked(ticket_id: int, user: Any, now: datetime) -> Draft:
    locks.share_ticket(ticket_id)
    Draft.objects.get_or_create(ticket_id=ticket_id, user=user, defaults={"updated_at": now})
    return Draft.objects.select_for_update().get(ticket_id=ticket_id, user=user)


def _write(row: Draft, text: str, now: datetime, stamp: Stamp | None = None, writer: str = "") -> Kept:
    row.text, row.updated_at, row.version = text, now, row.version + 1
    row.writer, row.sequence = (stamp.writer, stamp.sequence) if stamp else (writer, 0)
    row.save(update_fields=["text", "status_after", "updated_at", "version", "writer", "sequence"])
    return Kept.of(row)


def kept(ticket_id: int, user: Any) -> Kept:
    row = Draft.objects.filter(ticket_id=ticket_id, user=user).first()
    return Kept.of(row) if row else Kept()


def text_of(ticket_id: int, user: Any) -> str:
    return kept(ticket_id, user).text


@transaction.atomic
def discard(ticket_id: int, user: Any, now: datetime) -> None:
    """The text has left. A save that comes later, but was made before, does not bring it back."""
    _write(_locked(ticket_id, user, now), "", now, writer=Draft.SENT)


@transaction.atomic
def give_back(ticket_id: int, user: Any, text: str, now: datetime, status_after: str = "") -> None:
    """A reply that did not leave, or what a macro wrote, in front of what has been typed since. `status_after`: the
    macro's; without it the one of the reply that comes back stays."""
    if user is None:
        return
    row = _locked(ticket_id, user, now)
    row.status_after = status_after or row.status_after
    if text.strip() in row.text:
        text = row.text
    elif row.text.strip():
        text = f"{text}\n\n{row.text}"
    _write(row, text, now)


def move(source_id: int, target_id: int) -> None:
    """Drafts of a ticket that is merged; whoever writes on the other one keeps that draft."""
    writing = Draft.objects.filter(ticket=target_id).exclude(text="").values("user")
    moving = Draft.objects.filter(ticket=source_id).exclude(text="").exclude(user__in=writing)
    Draft.objects.filter(ticket=target_id, text="", user__in=list(moving.values_list("user", flat=True))).delete()
    moving.update(ticket=target_id)
