"""Team login: an admin creates accounts, there is no public sign-up."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from advocacy.identity import attempts, mails
from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from mentions.people import access


class TeamAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _("Too many failed attempts. Wait five minutes, then try again."),
        "username_password_mismatch": _("Wrong name or password."),
        "email_password_mismatch": _("Wrong email address or password."),
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Users without a role get a page that says so, instead of errors."""
        if not access.roles_of(request.user) and not request.user.is_superuser:
            return reverse("account_no_role")
        return str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """First-time users from the company's provider go to the same page as everybody."""
        return self.get_login_redirect_url(request)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Whether this is a safe target after login; an unparsable URL (`https://[`) is not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    # --- reauthentication -------------------------------------------------------------------------------------------

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if settings.OIDC_ISSUER and user.is_authenticated and user.socialaccount_set.exists():
            description = _("Use %(name)s") % {"name": settings.OIDC_NAME}
            methods.append({"id": "oidc", "description": description, "url": reverse("oidc_confirm")})
        return methods

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth skips users with neither a password nor a second factor here; the desk sends them to the company's
        provider again. Raises ReauthenticationRequired."""
        request = context.request
        if not get_reauthentication_flows(request.user) and not _came_lately(request):
            raise ReauthenticationRequired
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    # --- passwords ------------------------------------------------------------------------------------------------

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        self._attempt = attempts.Attempt(request, _typed(credentials), desk_now())
        if not self._attempt.begin():
            if self._attempt.is_first_refused():
                _record_failure(credentials, "too many attempts")
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        _record_failure(credentials, "wrong password")

    def _rollback_login_failed_rl_usage(self) -> None:
        """Successful logins don't count."""
        self._attempt.succeeded()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """A new password does not reset an address's attempts."""

    def post_login(self, request: HttpRequest, user: Any, **how: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **how)
        attempts.remember_browser(request, response, user)
        return response

    # --- emails ----------------------------------------------------------------------------------------------------

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        log.record(EntryKind.PASSWORD_RESET_ASKED, now=desk_now(), actor_name="(not logged in)", subject=user)
        super().send_password_reset_mail(user, email, context)

    def get_reset_password_from_key_url(self, key: str) -> str:
        return mails.password_url(key)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return mails.confirmation_url(emailconfirmation.key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Works outside a request too; `company` and `base_url` come from the settings, not from the request's host."""
        named = {"email": email, "company": settings.COMPANY_NAME, "base_url": settings.BASE_URL}
        self.render_mail(template_prefix, email, {**named, **context}).send()


class TeamLoginForm(LoginForm):  # type: ignore[misc]
    """Focuses the first field: the page has no other purpose."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True


class VerifiedResetPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """Sends links only to verified addresses."""

    def clean_email(self) -> str:
        email = str(super().clean_email())
        proved = {"emailaddress__email": email.lower(), "emailaddress__verified": True}
        self.users = list(User.objects.filter(is_active=True, **proved))
        return email


def _came_lately(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and desk_now().timestamp() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT


def _typed(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email") or credentials.get("username") or "")


def _record_failure(credentials: dict[str, Any], why: str) -> None:
    """Record the targeted user if there is one: other input may be a password."""
    typed = _typed(credentials)
    person = User.objects.filter(username__iexact=typed).first() or User.objects.filter(email__iexact=typed).first()
    if person is not None and not person.is_active:
        why = "deactivated"
    known = person.get_username() if person is not None else "(unknown name)"
    log.record(EntryKind.LOGIN_FAILED, now=desk_now(), actor_name=known, subject=person, details={"why": why})
