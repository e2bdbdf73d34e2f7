"""The kinds of audit log entries, with their labels. Floors above use these and no others."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class EntryKind(models.TextChoices):
    # login
    LOGIN = "login", _("Logged in")
    LOGIN_FAILED = "login_failed", _("Login failed")
    LOGIN_REFUSED = "login_refused", _("Login refused")
    LOGOUT = "logout", _("Logged out")
    SESSION_ENDED = "session_ended", _("Session ended")
    REAUTHENTICATED = "reauthenticated", _("Identity confirmed")
    # credentials
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    PASSWORD_RESET_ASKED = "password_reset_asked", _("Password reset requested")
    PASSWORD_RESET = "password_reset", _("Password reset")
    EMAIL_ADDED = "email_added", _("Email address added")
    EMAIL_VERIFIED = "email_verified", _("Email address verified")
    EMAIL_CHANGED = "email_changed", _("Email address changed")
    EMAIL_REMOVED = "email_removed", _("Email address removed")
    SECOND_FACTOR_ADDED = "second_factor_added", _("Second factor added")
    SECOND_FACTOR_REMOVED = "second_factor_removed", _("Second factor removed")
    RECOVERY_CODES_MADE = "recovery_codes_made", _("Recovery codes generated")
    SSO_CONNECTED = "sso_connected", _("Single sign-on connected")
    SSO_DISCONNECTED = "sso_disconnected", _("Single sign-on disconnected")
    # people
    PERSON_ADDED = "person_added", _("Person added")
    PERSON_INVITED = "person_invited", _("Person invited")
    ROLES_CHANGED = "roles_changed", _("Roles changed")
    ROLE_RIGHTS_CHANGED = "role_rights_changed", _("Permissions of a role changed")
    DEACTIVATED = "deactivated", _("Deactivated")
    ACTIVATED = "activated", _("Activated")
    # settings and secrets
    CONNECTION_CHANGED = "connection_changed", _("Connection changed")
    CHANNEL_CHANGED = "channel_changed", _("Channel changed")
    DIRECTORY_CHANGED = "directory_changed", _("Expert directory changed")
    MARKS_IMPORTED = "marks_imported", _("Marks imported")
    HANDBOOK_LOADED = "handbook_loaded", _("Handbook loaded")
    SECRET_CHANGED = "secret_changed", _("Secret changed")
    SECRETS_RESEALED = "secrets_resealed", _("Secrets re-encrypted")
    OWN_ACCOUNT_CHANGED = "own_account_changed", _("Personal account changed")
    ADMIN_ADDED = "admin_added", _("Added in the admin")
    ADMIN_CHANGED = "admin_changed", _("Changed in the admin")
    ADMIN_DELETED = "admin_deleted", _("Deleted in the admin")
    # data
    EXPORTED = "exported", _("Data exported")
    ERASED = "erased", _("Data erased")
    REPLAYED = "replayed", _("Inbox items replayed")
    IMPORT_UNDONE = "import_undone", _("Import undone")
    IMPORT_RESTORED = "import_restored", _("Import redone")
    LOG_PRUNED = "log_pruned", _("Audit log pruned")
