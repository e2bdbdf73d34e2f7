"""Unsent text, one draft per ticket and person; kept through parking and a closed tab.

The newest text wins, in whatever order saves arrive. A window numbers its saves, and its highest number wins. A window
may replace another window's text only if it has seen it; otherwise it is notified (`SavedDraft.is_newest`).
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
    """Identifies a save: the window (`writer`), its sequence number there, and the version it has seen."""

    writer: str
    sequence: int
    base: int


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """The current draft. `is_newest`: the submitted text was kept."""

    text: str = ""
    version: int = 0
    writer: str = ""
    sequence: int = 0
    status_after: str = ""
    is_newest: bool = True
    credit: str = ""
    """Who wrote the text, if not its sender."""

    @classmethod
    def of(cls, row: Draft, *, is_newest: bool = True) -> SavedDraft:
        after = "" if row.writer == Draft.SENT else row.status_after
        return cls(row.text, row.version, row.writer, row.sequence, after, is_newest, row.credit)


@transaction.atomic
def save(ticket_id: int, user: Any, text: str, now: datetime, stamp: Stamp | None = None) -> SavedDraft:
    """Save the draft; empty text removes it. Needs no claim, so losing the claim loses no text. A save without a stamp
    comes from the desk itself, and wins. Raises Ticket.DoesNotExist."""
    text = text.replace("\0", "").replace("\r\n", "\n")
    row = _locked(ticket_id, user, now)
    if stamp is not None and not _is_newer(row, stamp):
        return SavedDraft.of(row, is_newest=False)
    if row.writer == Draft.SENT:
        row.status_after = ""  # belonged to the previous reply
    return _write(row, text if text.strip() else "", now, stamp)


def _is_newer(row: Draft, stamp: Stamp) -> bool:
    if row.writer == stamp.writer:
        return stamp.sequence > row.sequence
    return stamp.base >= row.version


def _locked(ticket_id: int, user: Any, now: datetime) -> Draft:
    locks.share_ticket(ticket_id)
    Draft.objects.get_or_create(ticket_id=ticket_id, user=user, defaults={"updated_at": now})
    return Draft.objects.select_for_update().get(ticket_id=ticket_id, user=user)


def _write(row: Draft, text: str, now: datetime, stamp: Stamp | None = None, writer: str = "") -> SavedDraft:
    row.text, row.updated_at, row.version = text, now, row.version + 1
    row.writer, row.sequence = (stamp.writer, stamp.sequence) if stamp else (writer, 0)
    if not text:
        row.credit = row.origin = ""
    row.save(update_fields=["text", "status_after", "updated_at", "version", "writer", "sequence", "credit", "origin"])
    return SavedDraft.of(row)


def saved(ticket_id: int, user: Any) -> SavedDraft:
    row = Draft.objects.filter(ticket_id=ticket_id, user=user).first()
    return SavedDraft.of(row) if row else SavedDraft()


def text_of(ticket_id: int, user: Any) -> str:
    return saved(ticket_id, user).text


@transaction.atomic
def discard(ticket_id: int, user: Any, now: datetime) -> None:
    """Remove the draft, since its text was sent. A late save from before that does not restore it."""
    _write(_locked(ticket_id, user, now), "", now, writer=Draft.SENT)


def credit_of(ticket_id: int, user: Any) -> tuple[str, str]:
    """(credit, origin) of the draft's text; empty strings if its sender wrote it."""
    found = Draft.objects.filter(ticket_id=ticket_id, user=user).exclude(text="").values_list("credit", "origin")
    return found.first() or ("", "")


@transaction.atomic
def give_back(
    ticket_id: int,
    user: Any,
    text: str,
    now: datetime,
    status_after: str = "",
    *,
    credit: str = "",
    origin: str = "",
    replaces: str = "",
) -> None:
    """Put an unsent reply, a macro's text or somebody's draft into the composer, above anything typed since.
    `status_after`: the macro's; without it the returned reply's status stays. `credit`, `origin`: who wrote it, and
    what it came from. `replaces`: the text that it is a newer version of."""
    if user is None:
        return
    row = _locked(ticket_id, user, now)
    if credit:
        row.credit, row.origin = credit[:200], origin[:60]
    row.status_after = status_after or row.status_after
    if replaces.strip() and replaces.strip() in row.text:
        text = row.text.replace(replaces.strip(), text.strip(), 1)
    elif text.strip() in row.text:
        text = row.text
    elif row.text.strip():
        text = f"{text}\n\n{row.text}"
    _write(row, text, now)


def move(source_id: int, target_id: int) -> None:
    """Move a merged ticket's drafts; a person's existing draft on the target wins."""
    writing = Draft.objects.filter(ticket=target_id).exclude(text="").values("user")
    moving = Draft.objects.filter(ticket=source_id).exclude(text="").exclude(user__in=writing)
    Draft.objects.filter(ticket=target_id, text="", user__in=list(moving.values_list("user", flat=True))).delete()
    moving.update(ticket=target_id)
