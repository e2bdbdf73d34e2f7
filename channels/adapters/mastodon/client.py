"""Requests to an instance: the token, what its errors mean, how many requests are left.

Tokens: https://docs.joinmastodon.org/client/token/. Errors are `{"error": "…"}`, at times with `error_description`:
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

LONGEST_WINDOW = timedelta(hours=24)
RESERVE = 5
"""So many of the 300 requests in five minutes are left to replies: conversations are read by many questions each."""
_used_up: dict[str, datetime] = {}
"""Account → until when reading waits. In this process alone: a page tells the desk of it, a conversation cannot."""


class Gone(Rejected):
    """There is no such status, or it is not for us to see: Mastodon answers both alike."""


def base(config: Config) -> str:
    return str(config.setting("api_base", "")).rstrip("/")


def site(config: Config) -> str:
    """Host (and port, and path) of the instance, lower case: ids are unique within it."""
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
        raise AuthFailed("This Mastodon connection has no access token. Make one on the instance and enter it.")
    return {"Authorization": f"Bearer {token}"}


def _url(config: Config, path: str) -> str:
    if not base(config):
        raise Rejected("This connection has no address. Enter the one of the instance, as https://mastodon.social.")
    return f"{base(config)}/{path}"


def get(config: Config, path: str, params: Mapping[str, str | int] | None = None, *, for_reply: bool = False) -> Answer:
    """Raises Gone for what is not there, RateLimited when only the reserve for replies is left, else as
    `channels.http.client.get_json`."""
    headers, now = _headers(config), desk_now()
    owner = f"{site(config)} {hashlib.blake2b(headers['Authorization'].encode(), digest_size=16).hexdigest()}"
    used_up_until = _used_up.get(owner)
    if used_up_until is not None and used_up_until > now and not for_reply:
        raise RateLimited("The instance grants no more requests for now.", used_up_until)
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
    """`key` makes the instance answer a repetition (for an hour) with what it has posted already:
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
    """As one segment of a path, whatever it is."""
    return quote(identity, safe="")


def told(body: Json) -> str:
    """What the instance says, in one line."""
    said = [body.get("error"), body.get("error_description")] if isinstance(body, dict) else []
    return " ".join(" ".join(part for part in said if isinstance(part, str)).split())[:300].rstrip(".")


def _of_read(status: int, body: Json) -> ChannelError | None:
    if status in (404, 410):
        return Gone(f"The instance shows nothing there: {told(body) or status}.")
    if status == 422 and "authenticated user" in told(body):
        return AuthFailed("Mastodon wants a token of an account, not of an app alone. Make one on the account's page.")
    return _refused(status, body)


def _of_write(status: int, body: Json) -> ChannelError | None:
    """422: what is wrong with the text (too long, empty, a poll); 403: suspended, or not allowed for this one post."""
    if status in (404, 410):
        return Gone("The post is not there any more, or its author has made it private.")
    if status == 422:
        return Rejected(f"Mastodon does not take it: {told(body) or 'no reason given'}.")
    if status == 403 and "scope" not in told(body):
        return Rejected(f"Mastodon does not allow it: {told(body) or 'no reason given'}.")
    return _refused(status, body)


def _refused(status: int, body: Json) -> ChannelError | None:
    if status == 401:
        return AuthFailed("Mastodon refuses the access token. Make a new one for this account and enter it.")
    if status == 403:
        # A token without read:search reads notifications all the same.
        kind = NotForThis if "scope" in told(body) else AuthFailed
        return kind(
            f"Mastodon does not let the token do this: {told(body) or 'forbidden'}. It needs the scopes read, "
            "write:statuses and write:favourites, and an account that is not suspended."
        )
    return None


def quota_of(answer: Answer, now: datetime) -> tuple[int | None, datetime | None]:
    """Requests left for reading in the window, and when it ends."""
    told = answer.headers.get("X-RateLimit-Remaining") or ""
    left = max(0, int(told) - RESERVE) if told.isdecimal() else None
    try:
        ends = datetime.fromisoformat(answer.headers.get("X-RateLimit-Reset") or "")
        return left, min(ends.replace(tzinfo=ends.tzinfo or UTC).astimezone(UTC), now + LONGEST_WINDOW)
    except (ValueError, OverflowError):
        return left, None
