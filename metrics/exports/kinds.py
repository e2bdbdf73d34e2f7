"""What can be exported: each kind with its columns. docs/data-out.md names them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, Model, OuterRef, Q, QuerySet, TextField, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels.audience import seen_by
from experts.models import Outreach
from mentions.models import Message, Tag, Ticket
from metrics.periods import Period

IS_MERGED = Case(When(merged_into=None, then=Value(False)), default=Value(True))
_TAGS = ArraySubquery(Tag.objects.filter(tickets=OuterRef("pk")).order_by("name").values("name"))
_TEXT = Case(When(is_deleted=True, then=Value("")), default=F("text"), output_field=TextField())


@dataclass(frozen=True, slots=True)
class Kind:
    """`columns`: (name in the file, expression in the query). `time`: the column that the period filters and that sorts
    the file."""

    name: str
    label: str | Promise
    model: type[Model]
    time: str
    columns: Sequence[tuple[str, Any]]

    @property
    def heads(self) -> list[str]:
        return [name for name, _value in self.columns]


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "tickets",
            _("Tickets"),
            Ticket,
            "posted_at",
            (
                ("ticket_id", F("pk")),
                ("channel", F("channel__slug")),
                ("platform", F("channel__connection__platform")),
                ("status", F("status")),
                ("priority", F("priority")),
                ("subject", F("subject")),
                ("requester", F("requester__handle")),
                ("requester_name", F("requester__name")),
                ("assignee", F("assignee__username")),
                ("language", F("language")),
                ("tags", _TAGS),
                ("posted_at", F("posted_at")),
                ("arrived_at", F("created_at")),
                ("first_reply_at", F("first_reply_at")),
                ("due_at", F("due_at")),
                ("solved_at", F("solved_at")),
                ("no_reply_reason", F("no_reply_reason")),
                ("is_merged", IS_MERGED),
            ),
        ),
        Kind(
            "messages",
            _("Messages"),
            Message,
            "posted_at",
            (
                ("message_id", F("pk")),
                ("ticket_id", F("ticket_id")),
                ("channel", F("channel__slug")),
                ("platform", F("channel__connection__platform")),
                ("direction", F("direction")),
                ("author", F("author__handle")),
                ("author_name", F("author__name")),
                ("subject", F("subject")),
                ("text", _TEXT),
                ("url", F("url")),
                ("language", F("language")),
                ("posted_at", F("posted_at")),
                ("arrived_at", F("ingested_at")),
                ("edited_at", F("edited_at")),
                ("is_automatic", F("is_auto")),
                ("is_deleted", F("is_deleted")),
            ),
        ),
        Kind(
            "outreaches",
            _("Requests to experts"),
            Outreach,
            "asked_at",
            (
                ("outreach_id", F("pk")),
                ("ticket_id", F("ticket_id")),
                ("expert", F("expert__person__name")),
                ("topic", F("topic__name")),
                ("state", F("state")),
                ("asked_by", F("asked_by__username")),
                ("asked_at", F("asked_at")),
                ("acknowledged_at", F("acknowledged_at")),
                ("answered_at", F("answered_at")),
                ("reminders", F("reminders")),
            ),
        ),
    )
}


def rows_of(kind: Kind, user: Any, first: date | None, last: date | None, tz: tzinfo) -> QuerySet[Any]:
    """The rows of these days that this person may see; None: no limit."""
    found: QuerySet[Any] = seen_by(user, kind.model)
    span = Period(first or last or date(1970, 1, 1), last or first or date(1970, 1, 1), tz)
    if first:
        found = found.filter(Q(**{f"{kind.time}__gte": span.start}))
    return found.filter(Q(**{f"{kind.time}__lt": span.end})) if last else found
