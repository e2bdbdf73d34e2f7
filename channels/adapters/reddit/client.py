"""Requests to Reddit: tokens, the required User-Agent, rate headers and error mapping.

Rules: https://github.com/reddit-archive/reddit/wiki/API (User-Agent, `X-Ratelimit-*`: reset is in seconds from now).
OAuth2: https://github.com/reddit-archive/reddit/wiki/OAuth2 (`access_token`, refresh tokens, HTTP basic as the client).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from requests.auth import HTTPBasicAuth

from channels.adapters.reddit.wire import error_line
from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, Rejected, Transient
from channels.http import oauth
from channels.http.client import Answer, ask_form, get_json, post_form

API = "https://oauth.reddit.com"
AUTH = "https://www.reddit.com"
TOKEN_PATH = "/api/v1/access_token"  # noqa: S105
MAX_WINDOW_S = 3600.0
_AGENT = re.compile(r"[^\s:]+:[^\s:]+:\S+ \(by /?u/[\w-]+\)")
_ACCOUNT = re.compile(r"/?(?:u/)?([\w-]{1,20})")
# https://www.reddit.com/dev/api/: `reason` of a 403 or 404 for a whole subreddit.
_CLOSED = {
    "quarantined": "is quarantined. Open it once in a browser with this connection's account and agree to see it; "
    "until then the other feeds go on without it",
    "gated": "asks for consent before it shows anything. Open it once in a browser with this connection's account and "
    "agree; until then the other feeds go on without it",
    "private": "is private. Ask its moderators to admit this connection's account, or remove it from the list",
    "banned": "was banned by Reddit. Remove it from the list",
    "gold_only": "is for Reddit Premium only. Remove it from the list",
}


def user_agent(config: Config) -> str:
    """`platform:app:version (by /u/account)`, as Reddit requires; a bare account name is converted to that form."""
    given = str(config.setting("user_agent", "")).strip()
    if _AGENT.fullmatch(given):
        return given
    account = _ACCOUNT.fullmatch(given)
    if account is None:
        raise Rejected(
            "Reddit requires a User-Agent: enter “web:your-app:v1.0 (by /u/your-account)”, or just your account name."
        )
    return f"web:mention-desk:v1.0 (by /u/{account[1]})"


def secrets_of(config: Config) -> tuple[str, ...]:
    """All secrets, to be redacted from errors."""
    return tuple(value for value in (*config.secrets.values(), *config.personal.values()) if value)


def _owner(config: Config, personal: bool) -> tuple[str, ...]:
    """The token's owner: the address, the client and the refresh token. Raises AuthFailed if one is missing."""
    client_id = str(config.setting("client_id", ""))
    if not client_id:
        raise AuthFailed("This Reddit connection has no client id. Enter your app's.")
    token = config.personal.get("refresh_token", "") if personal else config.secret("refresh_token")
    if not token:
        raise AuthFailed(
            "You have not connected your Reddit account. Enter a refresh token on your own page, or answer on Reddit."
            if personal
            else "This Reddit connection has no refresh token. Create one for its account and enter it."
        )
    base = str(config.setting("auth_base", AUTH)).rstrip("/")
    return (f"{base}{TOKEN_PATH}", client_id, config.secret("client_secret"), token)


def _bearer(config: Config, owner: tuple[str, ...]) -> str:
    url, client_id, client_secret, refresh_token = owner

    def fetch() -> oauth.Token:
        body = ask_form(
            config.network,
            url,
            {"grant_type": "refresh_token", "refresh_token": refresh_token},
            headers={"User-Agent": user_agent(config)},
            auth=HTTPBasicAuth(client_id, client_secret),
            secrets=secrets_of(config),
            classify=_classify_token,
        ).body
        return oauth.token_from(body)

    return oauth.access_token(owner, fetch)


def _classify_token(status: int, body: Json) -> ChannelError | None:
    """A refresh token that was revoked or belongs to another client is a plain 400."""
    if status in (400, 401, 403):
        return AuthFailed(
            "Reddit issued no access token. Check the client id and secret, and that the refresh token was created "
            "with this client and not revoked."
        )
    return None


def _authorised(config: Config, personal: bool, ask: Callable[[dict[str, str]], Answer]) -> Answer:
    """Call with a token, and once more with a new one if it was revoked early. Safe for writes too: a request answered
    with 401 is never processed."""
    owner = _owner(config, personal)
    for is_last in (False, True):
        token = _bearer(config, owner)
        try:
            return ask({"Authorization": f"bearer {token}", "User-Agent": user_agent(config)})
        except _TokenRefused as error:
            oauth.forget(owner)
            if is_last:
                raise AuthFailed(str(error)) from None
    raise AssertionError("unreachable")


class _TokenRefused(AuthFailed):
    """401: the access token is invalid or has expired."""


def _classify(status: int, body: Json) -> ChannelError | None:
    said = body if isinstance(body, dict) else {}
    if status == 401:
        return _TokenRefused(
            "Reddit refuses the access token. Create a new refresh token for this account and enter it."
        )
    reason = said.get("reason")
    if status in (403, 404) and isinstance(reason, str):
        closed = _CLOSED.get(reason.lower())
        return Rejected(f"The subreddit {closed}." if closed else f"{error_line(said)}.")
    return None


def get(config: Config, path: str, params: Mapping[str, str | int] | None = None, *, personal: bool = False) -> Answer:
    """Read, with texts unescaped. Raises Transient if the answer isn't a JSON object or list."""

    def ask(headers: dict[str, str]) -> Answer:
        return get_json(
            config.network,
            _url(config, path),
            params={"raw_json": 1, **(params or {})},
            headers=headers,
            secrets=secrets_of(config),
            classify=_classify,
        )

    answer = _authorised(config, personal, ask)
    if not isinstance(answer.body, dict | list):
        raise Transient("Reddit sent an unexpected response. The desk retries automatically.")
    return answer


def post(config: Config, path: str, form: Mapping[str, str]) -> Answer:
    """Write as the person with the token in `config.personal`. Raises as `channels.http.client.post_form`."""

    def ask(headers: dict[str, str]) -> Answer:
        return post_form(
            config.network,
            _url(config, path),
            form,
            params={"raw_json": 1},
            headers=headers,
            secrets=secrets_of(config),
            classify=_classify,
        )

    return _authorised(config, True, ask)


def _url(config: Config, path: str) -> str:
    return f"{str(config.setting('api_base', API)).rstrip('/')}/{path}"


def quota(headers: Mapping[str, str], now: datetime) -> tuple[int | None, datetime | None]:
    """Requests left in the window, and when it ends; both headers may be floats."""
    left, reset = _number(headers.get("x-ratelimit-remaining")), _number(headers.get("x-ratelimit-reset"))
    ends = now + timedelta(seconds=min(reset, MAX_WINDOW_S)) if reset is not None else None
    return (int(left) if left is not None else None), ends


def quota_of(answer: Answer) -> tuple[int | None, datetime | None]:
    return quota(answer.headers, desk_now())


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
