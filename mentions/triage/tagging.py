"""Tags tickets; using a new tag creates it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from mentions.models import Event, EventKind, Tag, Ticket
from mentions.queue import claims

MAX_AT_ONCE = 30


@transaction.atomic
def set_tags(
    ticket_id: int,
    actor: Any,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    now: datetime,
    token: UUID | str | None = None,
) -> Event | None:
    """One Event with the actual changes; None if there are none. Anybody who may work on tickets may tag one that
    somebody else holds; a token, if given, must be current. Raises ValidationError, ClaimLost."""
    add, remove = list(add), list(remove)
    if len(add) + len(remove) > MAX_AT_ONCE:
        raise ValidationError(_("At most %(most)s tags at once.") % {"most": MAX_AT_ONCE})
    ticket = _locked(ticket_id, token)
    added, removed = change(ticket, add, remove)
    if not added and not removed:
        return None
    data = {"added": added, "removed": removed}
    return Event.objects.create(ticket=ticket, at=now, actor=actor, kind=EventKind.TAGGED, data=data)


def change(ticket: Ticket, add: Iterable[str], remove: Iterable[str]) -> tuple[list[str], list[str]]:
    """Changes only the rows, for verbs that record their own Event: (added, removed) names."""
    has = {tag.name.lower(): tag for tag in ticket.tags.all()}
    wanted = {tag_name(name) for name in add}
    gone = {tag_name(name) for name in remove} - wanted
    added = sorted(wanted - set(has))
    removed = sorted(gone & set(has))
    if added:
        ticket.tags.add(*(_tag(name) for name in added))
    if removed:
        ticket.tags.remove(*(has[name] for name in removed))
    return added, removed


def tag_name(name: str) -> str:
    """The stored form: lower case, words joined by hyphens. Raises ValidationError if nothing is left."""
    name = name[:200]
    slug = slugify(name, allow_unicode=False)[:60].strip("-")
    if not slug:
        raise ValidationError(_("“%(name)s” is not a valid tag. Use letters, digits and hyphens.") % {"name": name})
    return slug


def _tag(name: str) -> Tag:
    return Tag.objects.filter(name__iexact=name).first() or Tag.objects.get_or_create(name=name)[0]


def _locked(ticket_id: int, token: UUID | str | None) -> Ticket:
    ticket: Ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if token and str(ticket.claim_token) != str(token):
        raise claims.ClaimLost(ticket_id)
    return ticket
