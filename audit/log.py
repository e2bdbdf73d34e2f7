"""Writing the audit log: one function, called inside the transaction of what it records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from audit.kinds import KINDS
from audit.models import Entry

MAX_NAME = 200
MAX_DETAIL = 2000


def record(
    kind: str,
    *,
    now: datetime,
    actor: Any = None,
    actor_name: str = "",
    subject: Any = None,
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """Add an entry. Raises ValueError for a kind that `audit.kinds` does not know.

    `actor`: a user. Left out, it is whoever is logged in to the request being answered, with the address they come
    from; outside of requests nobody, and `actor_name` says what did it (`manage.py erase_person`) or who claimed to be
    there.
    `subject`: a model instance, or a name.
    `details`: JSON; names of fields, roles, counts. Never a secret, never the text of a mention.

    Call it inside the transaction that makes the change: both are there, or neither is.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind} is not in audit.kinds.KINDS")
    request: HttpRequest | None = context.request
    who = _known(actor) or (None if actor_name else _known(getattr(request, "user", None)))
    subject_kind, subject_id, subject_name = _subject(subject)
    return Entry.objects.create(
        at=now,
        kind=kind,
        actor_id=who.pk if who is not None else None,
        actor_name=_text(_name(who) if who is not None else actor_name),
        subject_kind=subject_kind,
        subject_id=subject_id,
        subject_name=subject_name,
        details=_storable(details or {}),
        address=address_of(request) if request is not None else None,
    )


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from, as allauth counts attempts: behind a proxy its client. None where that is unknown."""
    try:
        return str(get_adapter(request).get_client_ip(request)) or None
    except (PermissionDenied, ImproperlyConfigured):
        return None


def _known(user: Any) -> Any:
    return user if getattr(user, "pk", None) is not None else None


def _name(user: Any) -> str:
    """`vera (Vera Novak)`: the login name is unique, the other one is for people."""
    full = user.get_full_name()
    return f"{user.get_username()} ({full})" if full else str(user.get_username())


def _subject(subject: Any) -> tuple[str, str, str]:
    if not isinstance(subject, Model):
        return "", "", _text(subject or "")
    name = _name(subject) if hasattr(subject, "get_full_name") else getattr(subject, "audit_name", str(subject))
    return subject._meta.label_lower, str(subject.pk), _text(name)


def _text(value: object, most: int = MAX_NAME) -> str:
    """As PostgreSQL can hold it, and no longer than the column."""
    return str(value)[:most].replace("\0", "").encode("utf-8", "replace").decode()


def _storable(value: Any) -> Any:
    """As `jsonb` can hold it: no null characters, no lone surrogates; what JSON does not know, as text."""
    if isinstance(value, Mapping):
        return {_text(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_storable(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int) else _text(value, MAX_DETAIL)
