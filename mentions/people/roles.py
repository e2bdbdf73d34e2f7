"""The four roles as groups with permissions, ensured after every migrate.

Permissions an admin adds to a group are kept; ones a role needs are restored.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps

VOLUNTEER = "volunteer"
ADVOCATE = "advocate"
MANAGER = "manager"
ADMIN = "admin"

_READ = {
    "mentions.view_ticket",
    "mentions.view_message",
    "mentions.view_author",
    "mentions.view_macro",
    "mentions.view_view",
    "team.view_shift",
    "team.view_contact",
    "team.view_release",
    "team.view_expertise",
    "team.view_incident",
}
_PLAY = _READ | {"mentions.play_ticket", "mentions.add_note", "mentions.add_reply", "mentions.add_draft"}
_ADVOCATE = _PLAY | {
    "mentions.change_ticket",
    "mentions.merge_ticket",
    "mentions.bulk_ticket",
    "mentions.delete_reply",
    "mentions.like_message",
    "mentions.view_reports",
    "mentions.add_view",
    "mentions.give_code",
    "mentions.change_author",
    "mentions.change_application",
    "mentions.view_mark",
    "mentions.change_mark",
    "experts.view_expert",
    "experts.view_topic",
    "team.add_shift",
    "team.change_release",
    "team.change_incident",
    "team.view_meeting",
    "team.change_meeting",
    "team.view_volunteerday",
    "team.add_volunteerday",
    "experts.add_outreach",
    "experts.change_outreach",
    "experts.view_outreach",
    "experts.view_thanks",
    "experts.add_feedback",
    "experts.view_feedback",
    "experts.change_feedback",
}
_MANAGER = _READ | {
    "team.add_shift",
    "team.change_shift",
    "team.change_expertise",
    "team.change_release",
    "team.change_incident",
    "team.view_meeting",
    "team.change_meeting",
    "team.view_volunteerday",
    "mentions.give_code",
    "mentions.import_code",
    "mentions.view_mark",
    "mentions.change_mark",
    "mentions.import_mark",
    "mentions.export_mark",
    "mentions.view_reports",
    "experts.view_expert",
    "experts.view_topic",
    "experts.view_outreach",
    "experts.view_thanks",
    "experts.view_feedback",
    "experts.change_feedback",
    "channels.view_channel",
    "channels.view_connection",
    "metrics.add_exportrun",
}
# Users are never deleted, and permission names are not editable.
_NEVER = {"auth.delete_user", "auth.add_permission", "auth.change_permission", "auth.delete_permission"}
_APPS_OF_ADMINS = ("mentions", "channels", "experts", "team", "metrics", "auth", "audit")

PERMISSIONS: dict[str, frozenset[str]] = {
    VOLUNTEER: frozenset(_PLAY),
    ADVOCATE: frozenset(_ADVOCATE),
    MANAGER: frozenset(_MANAGER),
}
"""Role → `app.codename`. Admins have every permission of the desk's apps and of users and groups."""


def ensure(apps: Apps = global_apps) -> None:
    """Ensure that groups exist with at least their role's permissions. Permissions of apps not yet migrated are
    skipped."""
    group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    rows = permission_model.objects.values_list("content_type__app_label", "codename", "pk")
    known = {f"{app}.{codename}": pk for app, codename, pk in rows}
    admins = {name for name in known if name.partition(".")[0] in _APPS_OF_ADMINS} - _NEVER
    roles = {**PERMISSIONS, ADMIN: admins}
    groups = {role: group_model.objects.get_or_create(name=role)[0].pk for role in roles}
    wanted = {(groups[role], known[name]) for role, names in roles.items() for name in names if name in known}
    given_model = group_model.permissions.through
    given = set(given_model.objects.values_list("group_id", "permission_id"))
    missing = [given_model(group_id=group, permission_id=permission) for group, permission in sorted(wanted - given)]
    given_model.objects.bulk_create(missing, ignore_conflicts=True)
    never = [known[name] for name in _NEVER if name in known]
    given_model.objects.filter(group__name=ADMIN, permission_id__in=never).delete()


def ensure_after_migrate(sender: Any, **_kwargs: Any) -> None:
    """Receiver of `post_migrate`. A receiver of the same signal creates an app's permissions; running again for each
    later app finds them all, in whatever order the apps come."""
    ensure()
