"""The kinds of audit log entries. Floors above use these names; any other kind raises ValueError."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KINDS: dict[str, Promise] = {
    # login
    "login": _("Logged in"),
    "login_failed": _("Login failed"),
    "login_refused": _("Login refused"),
    "logout": _("Logged out"),
    "session_ended": _("Session ended"),
    "reauthenticated": _("Identity confirmed"),
    # credentials
    "password_changed": _("Password changed"),
    "password_reset_asked": _("Password reset requested"),
    "password_reset": _("Password reset"),
    "email_added": _("Email address added"),
    "email_verified": _("Email address verified"),
    "email_changed": _("Email address changed"),
    "email_removed": _("Email address removed"),
    "second_factor_added": _("Second factor added"),
    "second_factor_removed": _("Second factor removed"),
    "recovery_codes_made": _("Recovery codes generated"),
    "sso_connected": _("Single sign-on connected"),
    "sso_disconnected": _("Single sign-on disconnected"),
    # people
    "person_added": _("Person added"),
    "person_invited": _("Person invited"),
    "person_changed": _("Person changed"),
    "roles_changed": _("Roles changed"),
    "role_rights_changed": _("Permissions of a role changed"),
    "deactivated": _("Deactivated"),
    "activated": _("Activated"),
    # settings and secrets
    "connection_changed": _("Connection changed"),
    "channel_changed": _("Channel changed"),
    "handbook_loaded": _("Handbook loaded"),
    "secret_changed": _("Secret changed"),
    "secrets_resealed": _("Secrets re-encrypted"),
    "own_account_changed": _("Personal account changed"),
    "admin_added": _("Added in the admin"),
    "admin_changed": _("Changed in the admin"),
    "admin_deleted": _("Deleted in the admin"),
    # data
    "exported": _("Data exported"),
    "erased": _("Data erased"),
    "replayed": _("Inbox items replayed"),
    "import_undone": _("Import undone"),
    "import_restored": _("Undone import let in again"),
    "log_pruned": _("Audit log pruned"),
}
