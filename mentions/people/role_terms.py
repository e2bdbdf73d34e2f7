"""Temporary roles: granted at their start, revoked at their end. An expired role grants nothing, even if the sweep
hasn't run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from audit import log
from audit.kinds import EntryKind
from channels import sweeps
from mentions.models import RoleTerm

IN_FORCE = """(
        NOT EXISTS (SELECT 1 FROM mentions_roleterm o
                    WHERE o.user_id = ug.user_id AND o.role_id = ug.group_id
                      AND o.is_added AND o.ended_at IS NULL AND o.ends_at <= %(now)s)
        OR EXISTS (SELECT 1 FROM mentions_roleterm o
                   WHERE o.user_id = ug.user_id AND o.role_id = ug.group_id
                     AND o.ended_at IS NULL AND o.starts_at <= %(now)s AND o.ends_at > %(now)s))"""
"""SQL condition on a row `ug` of auth_user_groups: the membership hasn't expired."""


def in_force(user: Any, now: datetime) -> QuerySet[Group]:
    """This person's unexpired roles: the same rule as IN_FORCE."""
    theirs = RoleTerm.objects.filter(user=user, role=OuterRef("pk"), ended_at=None)
    over = Exists(theirs.filter(is_added=True, ends_at__lte=now))
    running = Exists(theirs.filter(starts_at__lte=now, ends_at__gt=now))
    return Group.objects.filter(~over | running, user=user)


def names(user: Any, now: datetime) -> list[str]:
    """Names of the roles in force; none for anonymous users."""
    return list(in_force(user, now).values_list("name", flat=True)) if user.pk is not None else []


def plan(user: Any, role: str, starts_at: datetime, ends_at: datetime, given_by: Any) -> RoleTerm:
    """Schedule a role for a period. Raises Group.DoesNotExist."""
    found = Group.objects.get(name=role)
    return RoleTerm.objects.create(user=user, role=found, given_by=given_by, starts_at=starts_at, ends_at=ends_at)


def run(now: datetime) -> int:
    """Revoke expired roles, then grant due ones; return how many changed. Idempotent."""
    over = RoleTerm.objects.filter(ended_at=None, ends_at__lte=now).order_by("ends_at", "pk")
    changed = sweeps.each("roles that end", list(over.values_list("pk", flat=True)), lambda pk: end(pk, now))
    due = RoleTerm.objects.filter(begun_at=None, ended_at=None, starts_at__lte=now, user__is_active=True)
    begin = list(due.order_by("starts_at", "pk").values_list("pk", flat=True))
    return changed + sweeps.each("roles that begin", begin, lambda pk: _begin(pk, now))


@transaction.atomic
def _begin(term_id: int, now: datetime) -> bool:
    term = _locked(term_id)
    if term.begun_at is not None or term.ended_at is not None or not term.starts_at <= now < term.ends_at:
        return False
    term.begun_at = now
    term.is_added = not term.user.groups.filter(pk=term.role_id).exists()
    term.save(update_fields=["begun_at", "is_added"])
    if term.is_added:
        term.user.groups.add(term.role)
        _log(term, now, {"role added": term.role.name, "until": term.ends_at.isoformat()})
    return True


@transaction.atomic
def end(term_id: int, now: datetime) -> bool:
    """End a term now, even early or before its start; return whether it changed. The role stays while another term of
    it runs."""
    term = _locked(term_id)
    if term.ended_at is not None:
        return False
    term.ended_at = now
    term.save(update_fields=["ended_at"])
    if not term.is_added:
        return True
    others = RoleTerm.objects.filter(user=term.user, role=term.role, ended_at=None, starts_at__lte=now, ends_at__gt=now)
    if other := others.order_by("pk").first():
        RoleTerm.objects.filter(pk=other.pk).update(is_added=True, begun_at=other.begun_at or now)
        return True
    term.user.groups.remove(term.role)
    _log(term, now, {"role removed": term.role.name})
    return True


def _locked(term_id: int) -> RoleTerm:
    """Locks the user first, which serialises all terms of one person."""
    user_id = RoleTerm.objects.values_list("user_id", flat=True).get(pk=term_id)
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    return RoleTerm.objects.select_for_update(of=("self",)).select_related("user", "role", "given_by").get(pk=term_id)


def _log(term: RoleTerm, now: datetime, details: dict[str, str]) -> None:
    log.record(EntryKind.ROLES_CHANGED, now=now, actor=term.given_by, subject=term.user, details=details)
