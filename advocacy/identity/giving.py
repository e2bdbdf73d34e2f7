"""Decides who may give which role to whom: nobody gives more than they have, or gives anything to themselves."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet

from mentions.people import roles

BUILT_IN = frozenset({*roles.PERMISSIONS, roles.ADMIN})
"""Roles the desk relies on: neither renamed nor removed."""


def rights_of(person: User) -> frozenset[int]:
    """Ids of this person's permissions, by role or directly; also while deactivated."""
    theirs = Q(group__user=person) | Q(user=person)
    return frozenset(Permission.objects.filter(theirs).values_list("pk", flat=True))


def rights_of_role(role: Group) -> frozenset[int]:
    return frozenset(role.permissions.values_list("pk", flat=True))


def may_manage(giver: Any, person: User) -> bool:
    """Whether `giver` may change this person's roles, name or access: not their own, and not those of anybody with more
    rights."""
    if person.pk == giver.pk:
        return False
    return bool(giver.is_superuser) or (not person.is_superuser and rights_of(person) <= rights_of(giver))


def may_give(giver: Any, role: Group) -> bool:
    """Whether `giver` may give this role, or change its members: it grants nothing they don't have."""
    return bool(giver.is_superuser) or rights_of_role(role) <= rights_of(giver)


def roles_to_give(giver: Any) -> QuerySet[Group]:
    if giver.is_superuser:
        return Group.objects.order_by("name")
    beyond = Permission.objects.exclude(pk__in=rights_of(giver))
    return Group.objects.exclude(permissions__in=beyond).order_by("name")


def rights_to_give(giver: Any) -> QuerySet[Permission]:
    """Permissions that `giver` may put into a role."""
    found = Permission.objects.select_related("content_type").order_by("content_type__app_label", "codename")
    return found if giver.is_superuser else found.filter(pk__in=rights_of(giver))
