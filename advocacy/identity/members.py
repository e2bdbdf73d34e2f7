"""Inviting, deactivating and activating team members. Nobody is deleted, since their history stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from advocacy.identity import giving, mails, sessions
from audit import log
from audit.kinds import EntryKind
from channels.outbox import personal
from mentions.models import Ticket
from mentions.people import roles
from mentions.queue import claims


@transaction.atomic
def deactivate(person: User, actor: Any, now: datetime) -> None:
    """Remove all access at once: login, sessions, claims, personal platform accounts.

    Their password goes too, so that an earlier session or link does not return with them.
    """
    locked = User.objects.select_for_update().get(pk=person.pk)
    locked.is_active = False
    locked.set_unusable_password()
    locked.save(update_fields=["is_active", "password"])
    released = _release_claims(locked, now)
    claims.end_shift(locked.pk)
    forgotten = personal.forget_all(locked.pk)
    ended = sessions.end_all(locked)
    details = {"sessions ended": ended, "tickets released": released, "personal accounts removed": forgotten}
    log.record(EntryKind.DEACTIVATED, now=now, actor=actor, subject=locked, details=details)
    person.refresh_from_db()


@transaction.atomic
def activate(person: User, actor: Any, now: datetime) -> None:
    """Allow them to log in again, with their roles; for a new password they need an invitation."""
    User.objects.filter(pk=person.pk).update(is_active=True)
    log.record(EntryKind.ACTIVATED, now=now, actor=actor, subject=person)
    person.refresh_from_db()


@transaction.atomic
def set_roles(person: User, chosen: Iterable[Group], actor: Any, now: datetime) -> None:
    """Set `person`'s roles. Raises PermissionDenied unless `actor` may give or take each one that changes. An admin may
    also open the admin pages."""
    if not giving.may_manage(actor, person):
        raise PermissionDenied(_("You cannot change your own roles, or those of someone with more permissions."))
    before, after = set(person.groups.all()), set(chosen)
    for role in before ^ after:
        if not giving.may_give(actor, role):
            raise PermissionDenied(_("The role %(role)s has more permissions than yours.") % {"role": role.name})
    if before == after:
        return
    person.groups.set(after)
    if roles.ADMIN in {role.name for role in after - before}:
        User.objects.filter(pk=person.pk).update(is_staff=True)
    details = {"before": sorted(role.name for role in before), "after": sorted(role.name for role in after)}
    log.record(EntryKind.ROLES_CHANGED, now=now, actor=actor, subject=person, details=details)


@transaction.atomic
def invite(person: User, actor: Any, now: datetime) -> bool:
    """Mail a link for setting a password, which also verifies the address. Returns False without an address, or if
    another one has been verified since: then *Forgot your password?* is the way."""
    if not person.is_active or not person.email or has_verified_address(person):
        return False
    log.record(EntryKind.PERSON_INVITED, now=now, actor=actor, subject=person)
    transaction.on_commit(lambda: mails.send_invitation(person, actor))
    return True


def has_verified_address(person: User) -> bool:
    return bool(EmailAddress.objects.filter(user=person, verified=True).exists())


@transaction.atomic
def remove_second_factor(person: User, actor: Any, now: datetime) -> int:
    """For people who lost theirs: if a role requires one, they set up a new one at the next login."""
    count: int = Authenticator.objects.filter(user=person).delete()[0]
    ended = sessions.end_all(person)
    details = {"by": "an admin", "sessions ended": ended}
    log.record(EntryKind.SECOND_FACTOR_REMOVED, now=now, actor=actor, subject=person, details=details)
    return count


def _release_claims(person: User, now: datetime) -> int:
    claimed = Ticket.objects.filter(claimed_by=person).exclude(claim_token=None).order_by("pk")
    for ticket in claimed:
        claims.release(ticket.pk, person, ticket.claim_token, now)
    return len(claimed)
