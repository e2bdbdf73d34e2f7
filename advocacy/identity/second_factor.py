"""A second factor, required by role: users without one can only set one up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from advocacy.identity import sessions
from channels.secrets.vault import open_sealed, seal
from mentions.people import access

NOBODY = "none"
OPEN = frozenset(
    {
        *("mfa_activate_totp", "account_logout", "account_login", "account_reauthenticate", "mfa_reauthenticate"),
        *("account_confirm_email", "openid_connect_login", "openid_connect_callback"),
        *("oidc_confirm", "account_no_role"),
    }
)
"""URL names open to users who still lack a required second factor."""
SEALED = "gAAAAA"
"""Prefix of everything sealed by `channels.secrets.vault`."""


def is_required(user: Any) -> bool:
    """Whether one of their roles requires it (DESK_SECOND_FACTOR_ROLES); superusers have every role."""
    asked = [name for name in settings.SECOND_FACTOR_ROLES if name != NOBODY]
    return bool(asked) and access.has_role(user, asked)


class SecondFactorMiddleware:
    """Redirects users who lack a required second factor to its set-up page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.COOKIES and request.user.is_authenticated and self._is_missing(request):
            if request.headers.get("HX-Request"):
                return HttpResponse(headers={"HX-Redirect": reverse("mfa_activate_totp")})
            messages.info(request, _("Your role requires a second factor. Set one up to continue."))
            return redirect("mfa_activate_totp")
        return self.get_response(request)

    def _is_missing(self, request: HttpRequest) -> bool:
        if getattr(request.user, "has_second_factor", False) or not is_required(request.user):
            return False
        if settings.OIDC_SECOND_FACTOR and sessions.is_single_sign_on(request):
            return False
        return _name(request) not in OPEN


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:  # reported after the second factor, like everything else
        return ""


class TeamMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals authenticator app keys like platform secrets."""

    def get_totp_issuer(self) -> str:
        return f"{settings.COMPANY_NAME} mention desk"

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """A key stored before sealing was introduced is returned unchanged."""
        return open_sealed(encrypted_text) if encrypted_text.startswith(SEALED) else encrypted_text

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not is_required(authenticator.user)
