"""What each role may do. Rights are Django permissions of groups (`mentions.people.roles`); visibility is decided in
the query (`channels.audience`, `mentions.people.audience`): no list shows more than the ticket page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as Member
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from channels.audience import seen_by, visible_channel_ids
from channels.clocks import desk_now
from channels.models import Channel
from mentions.models import Person, Ticket
from mentions.people import role_terms
from mentions.people.audience import VIEW, VISIBLE, VISIBLE_AGAIN, WITH_HIDDEN

if TYPE_CHECKING:
    from mentions.models.ticket import TicketQuerySet

__all__ = ["VIEW", "VISIBLE", "VISIBLE_AGAIN", "WITH_HIDDEN", "seen_by", "visible_channel_ids"]

User = Member | AnonymousUser

PLAY = "mentions.play_ticket"
MERGE = "mentions.merge_ticket"
BULK = "mentions.bulk_ticket"
DELETE_REPLY = "mentions.delete_reply"
LIKE = "mentions.like_message"
VIEW_REPORTS = "mentions.view_reports"
CHANGE_AUTHOR = "mentions.change_author"
DECIDE = "mentions.change_application"
ERASE = "mentions.erase_person"
EXPORT = "mentions.export_person"


def visible_tickets(user: User) -> TicketQuerySet:
    """The tickets this person may read; none without the right to view tickets."""
    return cast("TicketQuerySet", seen_by(user, Ticket))


def roles_of(user: User) -> frozenset[str]:
    """Names of this person's roles (groups); no query for the logged-in user."""
    known: frozenset[str] | None = getattr(user, "role_names", None)
    return known if known is not None else frozenset(role_terms.names(user, desk_now()))


def has_role(user: User, roles: Sequence[str]) -> bool:
    """Whether this person has one of these roles; superusers have all."""
    return user.is_superuser or not roles_of(user).isdisjoint(roles)


def may_answer_from(user: User, ticket: Ticket, channels: Sequence[Channel]) -> list[Channel]:
    """Those of a connection's channels this person may answer from: the ticket's own, and all not hidden from them.
    Costs a query only if something is hidden."""
    hidden = [c for c in channels if c.visible_to and c.pk != ticket.channel_id and not has_role(user, c.visible_to)]
    return [c for c in channels if c not in hidden]


def require(user: User, permission: str) -> None:
    """Raises PermissionDenied with a sentence for the user."""
    if not user.is_active or not user.has_perm(permission):
        raise PermissionDenied(
            _("Your role does not allow this (%(permission)s). Ask an admin if you need it.")
            % {"permission": permission}
        )


def notes_about(person: Person | None, user: User) -> str:
    """The team's notes on a person, for people who manage authors. Empty if one of the accounts is hidden from them:
    the notes may reveal it."""
    if person is None or not person.notes or not user.has_perm(CHANGE_AUTHOR):
        return ""
    return person.notes if may_see_person(person, user) else ""


def may_see_person(person: Person, user: User) -> bool:
    """Whether none of the person's accounts is hidden from this user."""
    return seen_by(user, Person).filter(pk=person.pk).exists()
