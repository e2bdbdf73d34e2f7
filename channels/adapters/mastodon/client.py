"""Requests to an instance: the token, error mapping, remaining quota.

Tokens: https://docs.joinmastodon.org/client/token/. Errors are `{"error": "…"}`, sometimes with `error_description`:
https://docs.joinmastodon.org/entities/Error/. Limits: `X-RateLimit-*`, the reset is an ISO 8601 time:
https://docs.joinmastodon.org/api/rate-limits/
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected
from channels.http.client import Answer, delete, get_json, post_json
from channels.toolkit.partial_failures import NotForThis

MAX_WINDOW = timedelta(hours=24)
RESERVE = 5
"""How many of the 300 requests in five minutes are reserved for replies: reading conversations takes many requests."""
_used_up: dict[str, datetime] = {}
"""Account → when reading may resume. Per process: a page reports its quota to the desk, a conversation can't."""


class Gone(Rejected):
    """No such status, or hidden from us: Mastodon answers both the same way."""


def base(config: Config) -> str:
    return str(config.setting("api_base", "")).rstrip("/")


def site(config: Config) -> str:
    """Host (plus port and path) of the instance, lower case: ids are unique within it."""
    try:
        parts = urlsplit(base(config))
    except ValueError:
        return ""
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}".lower()


def secrets_of(config: Config) -> tuple[str, ...]:
    return tuple(value for value in config.secrets.values() if value)


def _headers(config: Config) -> dict[str, str]:
    token = config.secret("access_token")
    if not token:
        raise AuthFailed("This Mastodon connection has no access token. Create one on the instance and enter it.")
    return {"Authorization": f"Bearer {token}"}


def _url(config: Config, path: str) -> str:
    if not base(config):
        raise Rejected("This connection has no address. Enter the instance's address, such as https://mastodon.social.")
    return f"{base(config)}/{path}"


def get(config: Config, path: str, params: Mapping[str, str | int] | None = None, *, for_reply: bool = False) -> Answer:
    """Raises Gone if it doesn't exist, RateLimited if only the reserve for replies is left, and otherwise as
    `channels.http.client.get_json`."""
    headers, now = _headers(config), desk_now()
    owner = f"{site(config)} {hashlib.blake2b(headers['Authorization'].encode(), digest_size=16).hexdigest()}"
    used_up_until = _used_up.get(owner)
    if used_up_until is not None and used_up_until > now and not for_reply:
        raise RateLimited("Instance rate limit reached; waiting.", used_up_until)
    answer = get_json(
        config.network,
        _url(config, path),
        params=params,
        headers=headers,
        secrets=secrets_of(config),
        classify=_of_read,
    )
    left, ends = quota_of(answer, now)
    if left == 0 and ends is not None:
        _used_up[owner] = ends
    return answer


def post(config: Config, path: str, payload: Json, key: str | None = None) -> Json:
    """With `key`, the instance answers a repeat (within an hour) with the post it already made:
    https://docs.joinmastodon.org/methods/statuses/#create"""
    headers = {**_headers(config), **({"Idempotency-Key": key} if key else {})}
    answer = post_json(
        config.network,
        _url(config, path),
        payload,
        headers=headers,
        secrets=secrets_of(config),
        classify=_of_write,
    )
    return answer.body


def remove(config: Config, path: str) -> None:
    delete(config.network, _url(config, path), headers=_headers(config), secrets=secrets_of(config), classify=_of_write)


def segment(identity: str) -> str:
    """Encodes any id as one path segment."""
    return quote(identity, safe="")


def told(body: Json) -> str:
    """The instance's error message, on one line."""
    said = [body.get("error"), body.get("error_description")] if isinstance(body, dict) else []
    return " ".join(" ".join(part for part in said if isinstance(part, str)).split())[:300].rstrip(".")


def _of_read(status: int, body: Json) -> ChannelError | None:
    if status in (404, 410):
        return Gone(f"The instance shows nothing there: {told(body) or status}.")
    if status == 422 and "authenticated user" in told(body):
        return AuthFailed(
            "Mastodon needs a token for an account, not just for an app. Create one on the account's page."
        )
    return _refused(status, body)


def _of_write(status: int, body: Json) -> ChannelError | None:
    """422: the text is at fault (too long, empty, a poll); 403: suspended, or not allowed for this post."""
    if status in (404, 410):
        return Gone("The post no longer exists, or its author has made it private.")
    if status == 422:
        return Rejected(f"Mastodon rejects it: {told(body) or 'no reason given'}.")
    if status == 403 and "scope" not in told(body):
        return Rejected(f"Mastodon does not allow it: {told(body) or 'no reason given'}.")
    return _refused(status, body)


def _refused(status: int, body: Json) -> ChannelError | None:
    if status == 401:
        return AuthFailed("Mastodon refuses the access token. Create a new one for this account and enter it.")
    if status == 403:
        # A token without read:search can still read notifications.
        kind = NotForThis if "scope" in told(body) else AuthFailed
        return kind(
            f"Mastodon does not let the token do this: {told(body) or 'forbidden'}. It needs the scopes read, "
            "write:statuses and write:favourites, and an account that is not suspended."
        )
    return None


def quota_of(answer: Answer, now: datetime) -> tuple[int | None, datetime | None]:
    """Read requests left in the window, and when it ends."""
    told = answer.headers.get("X-RateLimit-Remaining") or ""
    left = max(0, int(told) - RESERVE) if told.isdecimal() else None
    try:
        ends = datetime.fromisoformat(answer.headers.get("X-RateLimit-Reset") or "")
        return left, min(ends.replace(tzinfo=ends.tzinfo or UTC).astimezone(UTC), now + MAX_WINDOW)
    except (ValueError, OverflowError):
        return left, None
