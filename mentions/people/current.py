"""Loads the logged-in user, their preferences and rights in one statement per request."""

from __future__ import annotations

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission, User
from django.db.models import QuerySet

from channels.clocks import desk_now
from mentions.db import prepared
from mentions.db.loading import RowMapper
from mentions.models import Preference
from mentions.people import role_terms

_WHO = f"""
WITH theirs AS (
    SELECT g.id, g.name FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id
    WHERE ug.user_id = %(me)s AND {role_terms.IN_FORCE})
SELECT {{user}}, {{preference}}, ARRAY(
    SELECT c.app_label || '.' || r.codename
    FROM auth_permission r JOIN django_content_type c ON c.id = r.content_type_id
    WHERE r.id IN (
        SELECT o.permission_id FROM auth_user_user_permissions o WHERE o.user_id = %(me)s
        UNION ALL
        SELECT gp.permission_id FROM theirs JOIN auth_group_permissions gp ON gp.group_id = theirs.id)),
    ARRAY(SELECT name FROM theirs),
    EXISTS (
        SELECT 1 FROM channels_channel c WHERE c.is_active AND c.post_roles <> '{{{{}}}}' AND (
            u.is_superuser OR EXISTS (SELECT 1 FROM theirs WHERE name = ANY(c.post_roles)))),
    EXISTS (SELECT 1 FROM mfa_authenticator a WHERE a.user_id = u.id AND a.type = 'totp'),
    EXISTS (SELECT 1 FROM mentions_deliveryproblem d WHERE d.settled_at IS NULL)
FROM auth_user u LEFT JOIN mentions_preference p ON p.user_id = u.id WHERE u.id = %(me)s
"""  # noqa: S608


@cache
def _shapes() -> tuple[RowMapper[User], RowMapper[Preference], str]:
    user, preference = RowMapper(User), RowMapper(Preference)
    return user, preference, _WHO.format(user=user.columns("u"), preference=preference.columns("p"))


class TeamBackend(AuthenticationBackend):  # type: ignore[misc]
    """Logs in by name or address as allauth does. Django would query the user, their rights twice, and the desk their
    preferences: four statements instead of one."""

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        """For people who are not logged in here: without expired roles."""
        return Permission.objects.filter(group__in=role_terms.in_force(user_obj, desk_now()))

    def get_user(self, user_id: Any) -> User | None:
        users, preferences, statement = _shapes()
        rows = prepared.run(statement, {"me": int(user_id), "now": desk_now()})
        if not rows:
            return None
        row = rows[0]
        user = users.from_row(row)
        if not self.user_can_authenticate(user):
            return None
        preference = preferences.from_row(row, users.width)
        user._state.fields_cache["preference"] = preference if preference.pk is not None else None
        permissions, roles, may_post, has_second_factor, are_problems_open = row[users.width + preferences.width :]
        user.role_names, user.may_post = frozenset(roles), may_post  # type: ignore[attr-defined]
        user.are_problems_open = are_problems_open  # type: ignore[attr-defined]
        user.has_second_factor = has_second_factor  # type: ignore[attr-defined]
        if not user.is_superuser:
            # The cache `ModelBackend.get_all_permissions` reads, so it runs no query.
            user._perm_cache = set(permissions)  # type: ignore[attr-defined]
        return user
