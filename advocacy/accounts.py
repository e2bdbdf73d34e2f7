"""Login for the team: accounts are made by an admin, nobody signs up from outside."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from advocacy.identity import mails


class TeamAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Where to go after login; an address that cannot even be taken apart (`https://[`) is none."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        return mails.password_url(key)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return mails.confirmation_url(emailconfirmation.key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Also outside of a request; `company` and `base_url` are those of the settings, not of the request's host."""
        named = {"email": email, "company": settings.COMPANY_NAME, "base_url": settings.BASE_URL}
        self.render_mail(template_prefix, email, {**named, **context}).send()
