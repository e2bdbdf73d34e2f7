"""Requests to an AT Protocol PDS: the session, error mapping, remaining quota.

Sessions: https://docs.bsky.app/docs/api/com-atproto-server-create-session (30 in five minutes and 300 a day per
account, so we refresh for as long as that works). Errors are `{"error": "Name", "message": "…"}`:
https://atproto.com/specs/xrpc#error-responses. Limits: `ratelimit-*`, the reset in epoch seconds:
https://docs.bsky.app/docs/advanced-guides/rate-limits
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient
from channels.http import oauth
from channels.http.client import Answer, ask_json, get_json, post_json
from channels.http.errors import MAX_WAIT_S

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


class NotThere(Rejected):
    """No such post, or its author has hidden it from us."""


class _SessionRefused(AuthFailed):
    """The access token is invalid or has expired."""


def handle(config: Config) -> str:
    """The account's handle: the configured one, else the address of the first channel; "" if neither is set."""
    given = str(config.setting("handle", "")).strip().lstrip("@").lower()
    return given or next(iter(config.addresses), "")


def secrets_of(config: Config) -> tuple[str, ...]:
    return tuple(value for value in config.secrets.values() if value)


def _url(config: Config, method: str, pairs: Iterable[tuple[str, str | int]] = ()) -> str:
    query = urlencode(list(pairs))
    base = str(config.setting("api_base", API)).rstrip("/")
    return f"{base}/xrpc/{method}" + (f"?{query}" if query else "")


# --- the session -----------------------------------------------------------------------------------------------------


def _owner(config: Config) -> tuple[str, ...]:
    """Raises AuthFailed if a credential is missing."""
    if not handle(config):
        raise AuthFailed("This Bluesky connection has no handle. Enter the one of the account.")
    if not config.secret("app_password"):
        raise AuthFailed("This Bluesky connection has no app password. Make one in the account's settings.")
    return (_url(config, ""), handle(config), config.secret("app_password"))


def _bearer(config: Config) -> str:
    owner = _owner(config)
    return oauth.access_token(owner, lambda: _token(config, owner))


def _token(config: Config, owner: tuple[str, ...]) -> oauth.Token:
    body = _refreshed(config, owner) or _new_session(config)
    token, refresh = body.get("accessJwt"), body.get("refreshJwt")
    if not isinstance(token, str) or not token:
        raise AuthFailed("Bluesky issued no access token. Check the handle and the app password.")
    if isinstance(refresh, str) and refresh:
        oauth.forget((*owner, "refresh"))
        oauth.access_token((*owner, "refresh"), lambda: oauth.Token(refresh, REFRESHABLE_S))
    claims = _claims(token)
    life_s = claims.get("exp", 0) - claims.get("iat", 0) if _has_times(claims) else LIFE_S
    return oauth.Token(token, life_s if life_s > 0 else LIFE_S)


def _has_times(claims: Mapping[str, Any]) -> bool:
    return all(isinstance(claims.get(name), int | float) for name in ("exp", "iat"))


def _new_session(config: Config) -> dict[str, Any]:
    payload = {"identifier": handle(config), "password": config.secret("app_password")}
    url = _url(config, "com.atproto.server.createSession")
    body = ask_json(config.network, url, payload, secrets=secrets_of(config), classify=_of_session).body
    return body if isinstance(body, dict) else {}


def _refreshed(config: Config, owner: tuple[str, ...]) -> dict[str, Any] | None:
    """The previous session, refreshed; None if there is none or it has expired."""
    try:
        refresh = oauth.access_token((*owner, "refresh"), _nothing)
        body = ask_json(
            config.network,
            _url(config, "com.atproto.server.refreshSession"),
            None,
            headers={"Authorization": f"Bearer {refresh}"},
            secrets=(*secrets_of(config), refresh),
        ).body
    except (AuthFailed, Rejected):
        oauth.forget((*owner, "refresh"))
        return None
    return body if isinstance(body, dict) else None


def _nothing() -> oauth.Token:
    raise AuthFailed("There is no session yet.")


def _claims(token: str) -> dict[str, Any]:
    """The token's claims; empty if it isn't a JWT. Not verified: the token came from the PDS itself."""
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def repository(config: Config) -> str:
    """The repository that holds our account's posts: its DID, or its handle if the token names no DID."""
    subject = _claims(_bearer(config)).get("sub")
    return subject if isinstance(subject, str) and subject.startswith("did:") else handle(config)


# --- requests --------------------------------------------------------------------------------------------------------


def get(config: Config, method: str, pairs: Iterable[tuple[str, str | int]] = ()) -> Answer:
    """A query. Raises NotThere, Transient if the answer isn't an object, and otherwise as `http.get_json`."""
    url = _url(config, method, pairs)

    def ask(headers: dict[str, str]) -> Answer:
        return get_json(config.network, url, headers=headers, secrets=secrets_of(config), classify=_classify)

    answer = _authorised(config, ask)
    if not isinstance(answer.body, dict):
        raise Transient("Bluesky sent an unexpected response. The desk retries automatically.")
    return answer


def post(config: Config, method: str, payload: Json) -> Json:
    """A procedure call. Raises as `channels.http.client.post_json`."""
    url = _url(config, method)

    def ask(headers: dict[str, str]) -> Answer:
        return post_json(config.network, url, payload, headers=headers, secrets=secrets_of(config), classify=_classify)

    return _authorised(config, ask).body


def _authorised(config: Config, ask: Callable[[dict[str, str]], Answer]) -> Answer:
    """Requests a new token once if the current one expires early. Safe for writes too: a request with a rejected token
    is never processed."""
    for is_last in (False, True):
        try:
            return ask({"Authorization": f"Bearer {_bearer(config)}"})
        except _SessionRefused as error:
            oauth.forget(_owner(config))
            if is_last:
                raise AuthFailed(str(error)) from None
    raise AssertionError("unreachable")


def error_line(body: Json) -> str:
    """The PDS's error message, on one line."""
    said = [body.get("error"), body.get("message")] if isinstance(body, dict) else []
    return ": ".join(" ".join(part.split()) for part in said if isinstance(part, str) and part)[:300].rstrip(".")


def _classify(status: int, body: Json) -> ChannelError | None:
    """An expired session comes back as a plain 400."""
    name = body.get("error") if isinstance(body, dict) else None
    if name in _REFUSED or (status == 401 and name not in _NO_ACCOUNT):
        return _SessionRefused("Bluesky rejects the session. Check this connection's handle and app password.")
    if name == "NotFound" or status == 404:
        return NotThere(f"Bluesky shows nothing there: {error_line(body) or status}.")
    return _of_account(status, name)


def _of_session(status: int, body: Json) -> ChannelError | None:
    name = body.get("error") if isinstance(body, dict) else None
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


def quota_of(answer: Answer, now: datetime) -> tuple[int | None, datetime | None]:
    """Requests left in the window, and when it ends."""
    left, reset = answer.headers.get("ratelimit-remaining") or "", answer.headers.get("ratelimit-reset") or ""
    ends = None
    if reset.isdecimal() and len(reset) <= 11:
        ends = min(datetime.fromtimestamp(int(reset), UTC), now + timedelta(seconds=MAX_WAIT_S))
    return (int(left) if left.isdecimal() else None), ends
