"""Links in login emails. They start with DESK_BASE_URL, whatever the request's host."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse


def password_url(key: str) -> str:
    """URL for setting a new password; `key` is `<person>-<token>`, as allauth joins them."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return settings.BASE_URL + path.replace("UID-KEY", key)


def send_invitation(person: User, by: Any) -> None:
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(person)
    url = password_url(f"{user_pk_to_url_str(person)}-{token}")
    by_name = by.get_full_name() or by.get_username()
    context = {"user": person, "username": person.get_username(), "by": by_name, "url": url}
    get_adapter().send_mail("account/email/invitation", person.email, context)


def confirmation_url(key: str) -> str:
    """URL for verifying an address."""
    return settings.BASE_URL + reverse("account_confirm_email", args=[key])
