"""The exchange with the provider: accepts only tokens that are signed, fresh, meant for us and about one person."""

from __future__ import annotations

import hmac
from typing import Any

from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from requests import RequestException

from channels.clocks import desk_now

FRESH_S = 300


class DeskOIDCAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """`state` is what was stored when the browser was redirected; the callback view sets it."""

    state: dict[str, Any]

    @property
    def openid_config(self) -> dict[str, Any]:
        """Raises OAuth2Error if the document is unavailable, or not that of the issuer in DESK_OIDC_ISSUER."""
        try:
            config: dict[str, Any] = super().openid_config
        except (RequestException, ValueError) as error:
            raise OAuth2Error(f"Cannot reach the provider: {error}") from error
        if str(config.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
            raise OAuth2Error("The provider's issuer does not match DESK_OIDC_ISSUER.")
        return config

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Starts with DESK_BASE_URL, whatever the request's host: providers compare it character by character."""
        return settings.BASE_URL + reverse("openid_connect_callback", kwargs={"provider_id": self.provider_id})

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        id_token = kwargs["response"].get("id_token")
        if not id_token:
            raise OAuth2Error("The provider sent no id_token.")
        claims = self._decode_id_token(app, id_token)
        userinfo = self._fetch_user_info(token.token)
        if userinfo.get("sub") != claims.get("sub"):
            raise OAuth2Error("The provider's id_token and userinfo have different subjects.")
        return self.get_provider().sociallogin_from_response(request, {"id_token": claims, "userinfo": userinfo})

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        """allauth skips the signature check if the token came over TLS; the desk always checks it. Raises
        OAuth2Error."""
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        if not hmac.compare_digest(str(claims.get("nonce", "")), str(self.state["nonce"])):
            raise OAuth2Error("The id_token belongs to a different login.")
        if self.state.get("is_fresh") and not _is_fresh(claims):
            raise OAuth2Error("The provider did not ask for the password again.")
        return claims


def _is_fresh(claims: dict[str, Any]) -> bool:
    at = claims.get("auth_time")
    return isinstance(at, int | float) and desk_now().timestamp() - at < FRESH_S
