"""Login for the team: accounts are made by an admin, nobody signs up from outside."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class TeamAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Where to go after login; an address that cannot even be taken apart (`https://[`) is none."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False
