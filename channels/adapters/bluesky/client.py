"""Requests to an AT Protocol PDS: the session, error mapping, remaining quota.

Sessions: https://docs.bsky.app/docs/api/com-atproto-server-create-session (30 in five minutes and 300 a day per
account, so sessions are refreshed for as long as that works). Errors are `{"error": "Name", "message": "…"}`:
https://atproto.com/specs/xrpc#error-responses. Limits: `ratelimit-*`, the reset in epoch seconds:
https://docs.bsky.app/docs/advanced-guides/rate-limits
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, NotFound, RateLimited, Rejected, Transient
from channels.http import oauth
from channels.http.api_client import TokenClient, TokenRefused, required
from channels.http.client import Call, read
from channels.toolkit.values import object_of, one_line, text_of, value_at

API = "https://bsky.social"
LIFE_S = 3600.0
REFRESHABLE_S = 30 * 86_400.0
_REFUSED = ("ExpiredToken", "InvalidToken")
_NO_ACCOUNT = {
    "AccountTakedown": "Bluesky has taken this account down. Appeal there, or connect another one.",
    "AccountDeactivated": "This account is deactivated. Activate it on Bluesky.",
    "AccountSuspended": "Bluesky has suspended this account.",
    "AuthFactorTokenRequired": "Bluesky asks for a code sent by mail. Enter an app password, not the account's own.",
    "AuthMissing": "Bluesky requires a login. Check this connection's handle and app password.",
    "AuthenticationRequired": "Bluesky rejects the handle or the app password. Create a new app password and enter it.",
}


def handle(config: Config) -> str:
    """The account's handle: the configured one, else the address of the first channel; "" if neither is set."""
    configured = str(config.setting("handle", "")).strip().lstrip("@").lower()
    return configured or next(iter(config.addresses), "")


class Pds(TokenClient):
    label = "Bluesky"
    default_address = API
    path_format = "xrpc/{}"
    expects = (dict,)
    limit_headers = "ratelimit-"

    def owner(self, config: Config, speaker: str) -> tuple[str, ...]:
        name = required(handle(config), "This Bluesky connection has no handle. Enter the account's handle.")
        missing = "This Bluesky connection has no app password. Create one in the account's settings."
        return (name, required(config.secret("app_password"), missing))

    def new_token(self, config: Config, speaker: str) -> oauth.Token:
        refreshable = (self.address(config), *self.owner(config, speaker), "refresh")
        body = self._refreshed(config, refreshable) or self._new_session(config)
        token, refresh = body.get("accessJwt"), body.get("refreshJwt")
        if not isinstance(token, str) or not token:
            raise AuthFailed("Bluesky issued no access token. Check the handle and the app password.")
        if isinstance(refresh, str) and refresh:
            oauth.forget(refreshable)
            oauth.access_token(refreshable, lambda: oauth.Token(refresh, REFRESHABLE_S))
        claims = _claims(token)
        life_s = claims.get("exp", 0) - claims.get("iat", 0) if _has_times(claims) else LIFE_S
        return oauth.Token(token, life_s if life_s > 0 else LIFE_S)

    def _new_session(self, config: Config) -> dict[str, Any]:
        payload = {"identifier": handle(config), "password": config.secret("app_password")}
        url = self.url(config, "com.atproto.server.createSession")
        call = Call("POST", url, payload=payload, secrets=self.secrets(config))
        return object_of(read(config.network, call, _of_session).body)

    def _refreshed(self, config: Config, refreshable: tuple[str, ...]) -> dict[str, Any] | None:
        """The previous session, refreshed; None if there is none or it has expired."""
        try:
            refresh = oauth.access_token(refreshable, _nothing)
            url = self.url(config, "com.atproto.server.refreshSession")
            headers = {"Authorization": f"Bearer {refresh}"}
            body = read(config.network, Call("POST", url, headers=headers, secrets=(refresh,))).body
        except (AuthFailed, Rejected):
            oauth.forget(refreshable)
            return None
        return body if isinstance(body, dict) else None

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        """An expired session comes back as a plain 400."""
        if 200 <= status < 300:
            return None
        name = text_of(object_of(body).get("error"))
        if name in _REFUSED or (status == 401 and name not in _NO_ACCOUNT):
            return TokenRefused("Bluesky rejects the session. Check this connection's handle and app password.")
        if name == "NotFound" or status == 404:
            return NotFound(f"Bluesky found nothing there: {error_line(body) or status}.")
        return _of_account(status, name)


def _has_times(claims: Mapping[str, Any]) -> bool:
    return all(isinstance(claims.get(name), int | float) for name in ("exp", "iat"))


def _nothing() -> oauth.Token:
    raise AuthFailed("There is no session yet.")


def _claims(token: str) -> dict[str, Any]:
    """The token's claims; empty if it isn't a JWT. Not verified: the token came from the PDS itself."""
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        return {}
    return object_of(claims)


def repository(config: Config) -> str:
    """The repository that holds our account's posts: its DID, or its handle if the token names no DID."""
    subject = _claims(api.token(config)).get("sub")
    return subject if isinstance(subject, str) and subject.startswith("did:") else handle(config)


def error_line(body: Json) -> str:
    """The PDS's error message, on one line."""
    fields = (text_of(value_at(body, key)) for key in ("error", "message"))
    return one_line(": ".join(part for part in fields if part), 300)


def _of_session(status: int, body: Json) -> ChannelError | None:
    name = text_of(object_of(body).get("error"))
    if name in _REFUSED:
        return Transient("Bluesky did not open a session. The desk retries automatically.")
    if status in (400, 401) and name not in _NO_ACCOUNT:
        name = "AuthenticationRequired"
    return _of_account(status, name)


def _of_account(status: int, name: Json) -> ChannelError | None:
    if isinstance(name, str) and name in _NO_ACCOUNT:
        return AuthFailed(_NO_ACCOUNT[name])
    if name == "RateLimitExceeded" and status != 429:
        return RateLimited("Bluesky rate limit reached; waiting.")
    return None


api = Pds()
get, post = api.get, api.post
