"""Writes the audit log: one function, called in the same transaction as the change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from audit.kinds import EntryKind
from audit.models import Entry

MAX_NAME = 200
MAX_DETAIL = 2000


def record(
    kind: EntryKind,
    *,
    now: datetime,
    actor: Any = None,
    actor_name: str = "",
    subject: Any = None,
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """Add an entry. Raises ValueError for a kind that is not in `audit.kinds`.

    `actor`: a user. Defaults to the user of the current request, with their IP address; outside a request there is
    none, and `actor_name` names the command (`manage.py erase_person`) or the claimed login name.
    `subject`: a model instance, or a name.
    `details`: JSON; names of fields, roles, counts. Never a secret, never the text of a mention.

    Call it inside the transaction that makes the change: either both are committed or neither.
    """
    request: HttpRequest | None = context.request
    who = _known(actor) or (None if actor_name else _known(getattr(request, "user", None)))
    subject_kind, subject_id, subject_name = _subject(subject)
    return Entry.objects.create(
        at=now,
        kind=EntryKind(kind),
        actor_id=who.pk if who is not None else None,
        actor_name=_text(_name(who) if who is not None else actor_name),
        subject_kind=subject_kind,
        subject_id=subject_id,
        subject_name=subject_name,
        details=_storable(details or {}),
        address=address_of(request) if request is not None else None,
    )


def address_of(request: HttpRequest) -> str | None:
    """The client's IP address, as allauth's rate limits see it (behind a proxy: the real client). None if unknown."""
    try:
        return str(get_adapter(request).get_client_ip(request)) or None
    except (PermissionDenied, ImproperlyConfigured):
        return None


def _known(user: Any) -> Any:
    return user if getattr(user, "pk", None) is not None else None


def _name(user: Any) -> str:
    """`vera (Vera Novak)`: the login name is unique, the full name is for readers."""
    full = user.get_full_name()
    return f"{user.get_username()} ({full})" if full else str(user.get_username())


def _subject(subject: Any) -> tuple[str, str, str]:
    if not isinstance(subject, Model):
        return "", "", _text(subject or "")
    name = _name(subject) if hasattr(subject, "get_full_name") else getattr(subject, "audit_name", str(subject))
    return subject._meta.label_lower, str(subject.pk), _text(name)


def _text(value: object, most: int = MAX_NAME) -> str:
    """Text that PostgreSQL can store, cut to the column's length."""
    return str(value)[:most].replace("\0", "").encode("utf-8", "replace").decode()


def _storable(value: Any) -> Any:
    """JSON that `jsonb` can store: no null characters, no lone surrogates; other types become text."""
    if isinstance(value, Mapping):
        return {_text(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_storable(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int) else _text(value, MAX_DETAIL)
