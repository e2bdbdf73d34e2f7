"""Receivers for login events from Django and allauth: audit them, start session limits, and refuse to delete users."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import ProtectedError
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.http import HttpRequest

from advocacy.identity import sessions
from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now


@receiver(pre_delete, sender=User, dispatch_uid="identity.never_deleted")
def never_deleted(instance: User, **_kwargs: Any) -> None:
    raise ProtectedError(f"{instance} cannot be deleted: their history is kept. Deactivate them instead.", {instance})


# --- logging in and out -----------------------------------------------------------------------------------------------


@receiver(user_logged_in, dispatch_uid="identity.limits")
def limits_begin(request: HttpRequest, **_kwargs: Any) -> None:
    sessions.begin(request, desk_now())


@receiver(account.user_logged_in, dispatch_uid="identity.logged_in")
def logged_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    methods = [str(record.get("method")) for record in get_authentication_records(request, user)]
    log.record(EntryKind.LOGIN, now=desk_now(), actor=user, details={"with": methods})


@receiver(user_logged_out, dispatch_uid="identity.logged_out")
def logged_out(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    """Remove an ended session from the user's list."""
    if user is None or getattr(request, "is_session_over", False):
        return
    if key := request.session.session_key:
        UserSession.objects.filter(session_key=key).delete()
    log.record(EntryKind.LOGOUT, now=desk_now(), actor=user)


@receiver(mfa.authentication_failed, dispatch_uid="identity.code_failed")
def code_failed(user: User, **_kwargs: Any) -> None:
    log.record(EntryKind.LOGIN_FAILED, now=desk_now(), actor=user, subject=user, details={"why": "wrong code"})


@receiver(account.authentication_step_completed, dispatch_uid="identity.reauthenticated")
def reauthenticated(request: HttpRequest, user: User, method: str, **how: Any) -> None:
    if how.get("reauthenticated"):
        log.record(EntryKind.REAUTHENTICATED, now=desk_now(), actor=user, details={"with": method})


# --- login methods ----------------------------------------------------------------------------------------------------


@receiver(account.password_changed, dispatch_uid="identity.password_changed")
@receiver(account.password_set, dispatch_uid="identity.password_set")
def password_changed(user: User, **_kwargs: Any) -> None:
    log.record(EntryKind.PASSWORD_CHANGED, now=desk_now(), actor=user, subject=user)


@receiver(account.password_reset, dispatch_uid="identity.password_reset")
def password_reset(user: User, **_kwargs: Any) -> None:
    """The link came by email, so its user reads that address. (Links only go to verified addresses, and to that of a
    newly invited user.)"""
    if user.email and not EmailAddress.objects.filter(user=user, verified=True).exists():
        EmailAddress.objects.filter(user=user).delete()
        EmailAddress.objects.create(user=user, email=user.email.lower(), verified=True, primary=True)
    log.record(EntryKind.PASSWORD_RESET, now=desk_now(), actor=user, subject=user)


@receiver(account.email_added, dispatch_uid="identity.email_added")
def email_added(user: User, email_address: EmailAddress, **_kwargs: Any) -> None:
    """Notify the current address at once, not only when the new one has replaced it."""
    log.record(EntryKind.EMAIL_ADDED, now=desk_now(), actor=user, subject=user)
    old = EmailAddress.objects.filter(user=user, verified=True).first()
    if old is not None:
        context = {"to_email": email_address.email}
        get_adapter().send_notification_mail("account/email/email_change_asked", user, context, email=old.email)


@receiver(account.email_confirmed, dispatch_uid="identity.email_verified")
def email_verified(email_address: EmailAddress, **_kwargs: Any) -> None:
    log.record(EntryKind.EMAIL_VERIFIED, now=desk_now(), actor=email_address.user, subject=email_address.user)


@receiver(account.email_changed, dispatch_uid="identity.email_changed")
def email_changed(user: User, **_kwargs: Any) -> None:
    log.record(EntryKind.EMAIL_CHANGED, now=desk_now(), actor=user, subject=user)


@receiver(account.email_removed, dispatch_uid="identity.email_removed")
def email_removed(user: User, **_kwargs: Any) -> None:
    log.record(EntryKind.EMAIL_REMOVED, now=desk_now(), actor=user, subject=user)


@receiver(mfa.authenticator_added, dispatch_uid="identity.factor_added")
def factor_added(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    _factor(EntryKind.SECOND_FACTOR_ADDED, user, authenticator)


@receiver(mfa.authenticator_removed, dispatch_uid="identity.factor_removed")
def factor_removed(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    _factor(EntryKind.SECOND_FACTOR_REMOVED, user, authenticator)


@receiver(mfa.authenticator_reset, dispatch_uid="identity.factor_reset")
def factor_reset(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    _factor(EntryKind.RECOVERY_CODES_MADE, user, authenticator)


def _factor(kind: EntryKind, user: User, authenticator: Authenticator) -> None:
    log.record(kind, now=desk_now(), actor=user, subject=user, details={"type": str(authenticator.type)})


@receiver(social.social_account_added, dispatch_uid="identity.sso_connected")
def sso_connected(request: HttpRequest, sociallogin: Any, **_kwargs: Any) -> None:
    log.record(EntryKind.SSO_CONNECTED, now=desk_now(), actor=sociallogin.user, subject=sociallogin.user)


@receiver(social.social_account_removed, dispatch_uid="identity.sso_disconnected")
def sso_disconnected(request: HttpRequest, socialaccount: Any, **_kwargs: Any) -> None:
    log.record(EntryKind.SSO_DISCONNECTED, now=desk_now(), actor=request.user, subject=socialaccount.user)
