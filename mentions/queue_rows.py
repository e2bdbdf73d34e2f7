"""The rows of a list of tickets: one statement however many there are, and plain values for the template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery
from django.db.models.expressions import Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from channels.models.connection import Priority
from mentions import times
from mentions.models import Message, Tag, Ticket
from mentions.rendering import excerpt
from mentions.tickets import TicketQuerySet

COLUMNS = (
    *("id", "subject", "status", "priority", "queued_at", "due_at", "last_message_at", "waiting_on", "wake_at"),
    *("channel_name", "who", "handle", "assignee_name", "claimer_name", "claim_expires_at", "said", "tag_names"),
)
STATUS_WORDS = dict(Ticket.Status.choices)
PRIORITY_WORDS = dict(Priority.choices)
WAITING_WORDS = dict(Ticket.WaitingOn.choices)


@dataclass(frozen=True, slots=True)
class Row:
    """What a reader sees of one ticket; `fields` are the raw values, for paging and change detection."""

    id: int
    who: str
    where: str
    subject: str
    said: str
    status: str
    status_word: str
    priority: str
    priority_word: str
    waiting: str
    tags: list[str]
    held: str
    clock: SafeString | str
    posted: SafeString
    fields: dict[str, Any]


def with_columns(tickets: TicketQuerySet) -> TicketQuerySet:
    """The queryset with what a row needs, still to be ordered and cut. Yields dicts."""
    last_said = Message.objects.filter(ticket=OuterRef("pk"), direction="in").order_by("-posted_at", "-id")
    tags = Tag.objects.filter(tickets=OuterRef("pk")).order_by("name").values("name")
    return tickets.annotate(
        channel_name=F("channel__name"),
        who=Coalesce(NullIf("requester__name", Value("")), "requester__handle"),
        handle=F("requester__handle"),
        assignee_name=F("assignee__username"),
        claimer_name=F("claimed_by__username"),
        said=Subquery(last_said.values(short=Left("text", 400))[:1]),
        tag_names=ArraySubquery(tags),
    ).values(*COLUMNS)


def rows(records: Iterable[dict[str, Any]], now: datetime) -> list[Row]:
    return [_row(record, now) for record in records]


def _row(record: dict[str, Any], now: datetime) -> Row:
    said = excerpt(record["said"] or "")
    subject = record["subject"]
    # Posts without a title get their own beginning as subject at ingest: saying it twice would be noise.
    if subject and said.startswith(subject.rstrip("…")[:60]):
        subject = ""
    priority = record["priority"]
    return Row(
        id=record["id"],
        who=record["who"] or _("unknown"),
        where=record["channel_name"],
        subject=subject,
        said=said,
        status=record["status"],
        # New is bold and open is not, as in a mail client; the other states are said.
        status_word="" if record["status"] in ("new", "open") else str(STATUS_WORDS[record["status"]]),
        priority=_priority_css(priority),
        priority_word=str(PRIORITY_WORDS.get(priority, "")),
        waiting=_waiting(record, now),
        tags=record["tag_names"],
        held=_held(record, now),
        clock=times.due_tag(record["due_at"], now) if record["due_at"] else "",
        posted=times.ago_tag(record["queued_at"], now),
        fields=record,
    )


def _priority_css(priority: int) -> str:
    return {40: "urgent", 30: "high"}.get(priority, "")


def _waiting(record: dict[str, Any], now: datetime) -> str:
    if not record["waiting_on"]:
        return ""
    waiting = _("waits for %(what)s") % {"what": WAITING_WORDS[record["waiting_on"]]}
    return f"{waiting}, {times.ahead(record['wake_at'], now)}" if record["wake_at"] else waiting


def _held(record: dict[str, Any], now: datetime) -> str:
    """Who has it: the one with it on screen, else its assignee."""
    if record["claim_expires_at"] and record["claim_expires_at"] > now:
        return _("%(name)s is on it") % {"name": record["claimer_name"] or _("somebody")}
    return record["assignee_name"] or ""
