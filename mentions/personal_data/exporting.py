"""Exports everything the desk holds about one person: JSON, and attached files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, GeneratedField, Model, Q, QuerySet

from channels.inbox import tombstones
from channels.models import InboundItem, OutboundItem
from mentions.models import (
    Attachment,
    DeliveryProblem,
    Draft,
    Event,
    Message,
    MessageRevision,
    Note,
    Reply,
    Ticket,
)
from mentions.people import own_side
from mentions.personal_data import scope as scopes
from mentions.personal_data.scope import Scope

ALWAYS_LEFT_OUT = {"digest", "version_at", "claim_token", "key", "lease_token", "attempt_token"}
"""Columns without personal data."""


def export(scope: Scope, out: BinaryIO, now: datetime) -> dict[str, int]:
    """Write a zip: `data.json`, with binary content in `files/` and `raw/`. Returns the count per kind."""
    data = collect(scope)
    counts = {name: len(rows) for name, rows in data.items() if isinstance(rows, list)}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        whole = {"exported_at": now, **data}
        archive.writestr("data.json", json.dumps(whole, indent=1, ensure_ascii=False, cls=DjangoJSONEncoder))
        for name, content in _files(scope):
            archive.writestr(name, content)
    return counts


def collect(scope: Scope) -> dict[str, Any]:
    """Rows by kind, each as {column: value}."""
    own = scope.own
    messages = Message.objects.filter(Q(ticket__in=own) | Q(author__in=scope.authors)).defer("search").order_by("pk")
    found: dict[str, Any] = {
        "person": _row(scope.person) if scope.person else None,
        "known_accounts": _rows(scope.person.accounts.all() if scope.person else []),
        "accounts": _rows(scope.authors),
        "tickets": [{**_row(t), "tags": [tag.name for tag in t.tags.all()]} for t in _tickets(own)],
        "messages": [{**_row(message), "who": own_side.of_message(message)} for message in _with_sender(messages)],
        "versions": _rows(MessageRevision.objects.filter(message__in=messages.values("pk"))),
        "files": _rows(_attachments(scope)),
        "posts_around_tickets": _rows(scopes.thread_posts(scope)),
        "replies": [{**_row(reply), "sent_as": own_side.of_channel(reply.channel)} for reply in _replies(own)],
        "notes": _rows(Note.objects.filter(ticket__in=own).order_by("pk")),
        "drafts": _rows(Draft.objects.filter(ticket__in=own).order_by("pk")),
        "delivery_problems": _rows(DeliveryProblem.objects.filter(ticket__in=own).order_by("pk")),
        "history": _rows(Event.objects.filter(ticket__in=own).order_by("pk")),
        "inbox": _rows(_items(scope)),
        "sent": _rows(OutboundItem.objects.filter(pk__in=scopes.outbound_ids(scope)).order_by("pk")),
    }
    return found | {part.name: _rows(part.rows(scope)) for part in scopes.parts()}


def _tickets(own: list[int]) -> Iterable[Ticket]:
    return Ticket.objects.filter(pk__in=own).prefetch_related("tags").order_by("pk")


def _with_sender(messages: QuerySet[Message]) -> Iterable[Message]:
    return messages.select_related("author", "channel__connection")


def _replies(own: list[int]) -> Iterable[Reply]:
    return Reply.objects.filter(ticket__in=own).select_related("channel__connection").order_by("pk")


def _attachments(scope: Scope) -> Any:
    theirs = Q(message__author__in=scope.authors) | Q(message__ticket__in=scope.own)
    return Attachment.objects.filter(theirs).order_by("pk")


def _items(scope: Scope) -> Any:
    ids = scopes.ids(scope, scopes.thread_posts(scope))
    by_message = Message.objects.filter(pk__in=scope.messages, item_id__isnull=False).values("item_id")
    wanted = Q(pk__in=by_message)
    for namespace in {each for each, _one in ids}:
        those = [one for each, one in ids if each == namespace]
        wanted |= Q(connection__in=tombstones.connections_in(namespace), external_id__in=those)
    return InboundItem.objects.filter(wanted).order_by("pk")


def _files(scope: Scope) -> Iterable[tuple[str, bytes]]:
    for file in _attachments(scope).filter(blob__isnull=False).select_related("blob"):
        yield f"files/{file.pk}-{_plain(file.name)}", bytes(file.blob.content)
    for item in _items(scope).filter(raw__isnull=False):
        yield f"raw/{item.pk}.eml", bytes(item.raw)


def _plain(name: str) -> str:
    """A file name that is safe to unpack."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(c if c.isalnum() or c in "._- " else "_" for c in last)[:100] or "file"


def _rows(rows: Iterable[Model]) -> list[dict[str, Any]]:
    return [_row(row) for row in rows]


def _row(row: Model) -> dict[str, Any]:
    fields = [f for f in row._meta.concrete_fields if not isinstance(f, BinaryField | GeneratedField)]
    return {f.attname: getattr(row, f.attname) for f in fields if f.name not in ALWAYS_LEFT_OUT}
