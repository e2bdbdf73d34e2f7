"""Who may see and do what. Rights are Django permissions of groups (`mentions.roles`); what may be *seen* is decided
in the query, so that no list, count or search can show more than the ticket page would.

A channel with `visible_to` (names of roles) shows its tickets to those roles and to superusers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as Member
from django.core.exceptions import PermissionDenied
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from channels.models import Channel
from mentions.models import Ticket
from mentions.sql import Fragment

if TYPE_CHECKING:
    from mentions.tickets import TicketQuerySet

User = Member | AnonymousUser

VIEW = "mentions.view_ticket"
PLAY = "mentions.play_ticket"
MERGE = "mentions.merge_ticket"
BULK = "mentions.bulk_ticket"
DELETE_REPLY = "mentions.delete_reply"
VIEW_REPORTS = "mentions.view_reports"

# An array made once per statement: the planner sees a constant and keeps walking the queue's index in order.
VISIBLE = Fragment(
    """mentions_ticket.channel_id <> ALL (ARRAY(
        SELECT hidden.id FROM channels_channel hidden
        WHERE hidden.visible_to <> '{}'
          AND NOT EXISTS (SELECT 1 FROM auth_user u WHERE u.id = %(me)s AND u.is_superuser)
          AND NOT EXISTS (
            SELECT 1 FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id
            WHERE ug.user_id = %(me)s AND g.name = ANY(hidden.visible_to))))"""
)


def visible_tickets(user: User) -> TicketQuerySet:
    """The tickets that this person may read; none at all without the right to view tickets."""
    if not user.is_active or not user.has_perm(VIEW):
        return Ticket.objects.none()
    return Ticket.objects.filter(VISIBLE.as_condition(me=user.pk))


def visible_channel_ids(user: User) -> RawSQL:
    """For `channel_id__in`: the channels whose tickets this person may read."""
    sql, params = VISIBLE.positional(me=user.pk)
    inner = sql.replace("mentions_ticket.channel_id", "shown.id")
    return RawSQL(f"SELECT shown.id FROM channels_channel shown WHERE {inner}", params)  # noqa: S608, S611


def roles_of(user: User) -> frozenset[str]:
    """Names of the roles (groups) that this person has; nothing is asked for whoever is logged in."""
    known: frozenset[str] | None = getattr(user, "role_names", None)
    return known if known is not None else frozenset(user.groups.values_list("name", flat=True))


def has_role(user: User, roles: Sequence[str]) -> bool:
    """Whether one of these roles is theirs; superusers have all."""
    return user.is_superuser or not roles_of(user).isdisjoint(roles)


def may_answer_from(user: User, ticket: Ticket, channels: Sequence[Channel]) -> list[Channel]:
    """Those of a connection's channels in whose name this person may answer: the ticket's own, and all that are not
    hidden from them. Costs a query only where something is hidden."""
    hidden = [c for c in channels if c.visible_to and c.pk != ticket.channel_id and not has_role(user, c.visible_to)]
    return [c for c in channels if c not in hidden]


def require(user: User, permission: str) -> None:
    """Raises PermissionDenied with a sentence for the person who is refused."""
    if not user.is_active or not user.has_perm(permission):
        raise PermissionDenied(
            _("Your role does not allow this (%(permission)s). Ask an admin if it should.") % {"permission": permission}
        )
