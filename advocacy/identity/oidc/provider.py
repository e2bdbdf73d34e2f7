"""The provider as found by allauth (SOCIALACCOUNT_PROVIDERS): every login carries a nonce, and query parameters can't
change what is requested."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponse

from advocacy.identity.oidc.adapter import DeskOIDCAdapter

FRESH = {"prompt": "login", "max_age": "0"}
"""Makes the provider ask for the password again: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"""


class DeskOIDCProvider(OpenIDConnectProvider):  # type: ignore[misc]
    package = "advocacy.identity.oidc"
    oauth2_adapter_class = DeskOIDCAdapter
    pkce_enabled_default = True

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return dict(self.get_auth_params())

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return list(self.get_scope())

    def redirect(
        self, request: HttpRequest, process: str, next_url: Any = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        nonce, is_fresh = secrets.token_urlsafe(24), bool(kwargs.pop("is_fresh", False))
        params = {**(kwargs.pop("auth_params", None) or {}), "nonce": nonce, **(FRESH if is_fresh else {})}
        kwargs |= {"auth_params": params, "nonce": nonce, "is_fresh": is_fresh}
        response: HttpResponse = super().redirect(request, process, next_url, data, **kwargs)
        return response
