"""Requests to a forum: API keys and error mapping.

Keys: `Api-Key` with `Api-Username` (https://docs.discourse.org/#section/Authentication), or `User-Api-Key`
(https://meta.discourse.org/t/user-api-keys-specification/48536). Errors: `{"errors": ["…"], "error_type": "…"}`; a 429
gives the wait in `extras.wait_seconds` (https://meta.discourse.org/t/global-rate-limits-and-throttling/78612).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected
from channels.http.client import Answer, Classify, delete, get_json, post_json
from channels.http.errors import MAX_WAIT_S

_GONE = (404, 410)


class Hidden(Rejected):
    """It doesn't exist, or we may not see it."""


def base(config: Config) -> str:
    return str(config.setting("api_base", "")).rstrip("/")


def site(config: Config) -> str:
    """Host (plus port, and path of a forum in a subfolder), lower case: post numbers are unique within it."""
    try:
        parts = urlsplit(base(config))
    except ValueError:
        return ""
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}".lower()


def get(config: Config, path: str, pairs: Iterable[tuple[str, str | int]] = ()) -> Answer:
    """Read as the connection. Raises Hidden if it doesn't exist."""
    return _get(config, path, pairs, _reader(config), _of_read)


def peek(config: Config, path: str) -> Answer:
    """Like `get`, for things that may well be hidden from us: a 403 is about the thing, not our key."""
    return _get(config, path, (), _reader(config), _of_peek)


def get_as_person(config: Config, path: str, pairs: Iterable[tuple[str, str | int]] = ()) -> Answer:
    """Read as the replying person. Raises AuthFailed without a key."""
    return _get(config, path, pairs, person(config), _of_read)


def _get(
    config: Config, path: str, pairs: Iterable[tuple[str, str | int]], headers: Mapping[str, str], classify: Classify
) -> Answer:
    query = urlencode(list(pairs))
    url = f"{_base(config)}/{path}" + (f"?{query}" if query else "")
    return get_json(config.network, url, headers=headers, secrets=secrets_of(config), classify=classify)


def post(config: Config, path: str, payload: Json, headers: Mapping[str, str]) -> Json:
    url = f"{_base(config)}/{path}"
    answer = post_json(config.network, url, payload, headers=headers, secrets=secrets_of(config), classify=_of_write)
    return answer.body


def remove(config: Config, path: str) -> None:
    url = f"{_base(config)}/{path}"
    delete(config.network, url, headers=person(config), secrets=secrets_of(config), classify=_of_write)


def secrets_of(config: Config) -> tuple[str, ...]:
    keys = (config.secret("api_key"), config.secret("webhook_secret"), config.personal.get("api_key", ""))
    return tuple(key for key in keys if key)


def person(config: Config) -> dict[str, str]:
    """Auth headers of the replying person. Raises AuthFailed."""
    key, name = config.personal.get("api_key", ""), config.personal.get("username", "").strip().lstrip("@")
    if not key:
        raise AuthFailed("Forum replies go out from your own account. Enter your API key, or reply on the forum.")
    return {"Api-Key": key, "Api-Username": name} if name else {"User-Api-Key": key}


def _reader(config: Config) -> dict[str, str]:
    key = config.secret("api_key")
    name = str(config.setting("api_username", "")).strip().lstrip("@")
    return {"Api-Key": key, **({"Api-Username": name} if name else {})} if key else {}


def _base(config: Config) -> str:
    if not base(config):
        raise Rejected("This connection has no address. Enter the one of the forum.")
    return base(config)


def told(body: Json) -> str:
    """The forum's error message, on one line."""
    errors = body.get("errors") if isinstance(body, dict) else None
    lines = [e for e in errors if isinstance(e, str)] if isinstance(errors, list) else []
    return " ".join(" ".join(lines).split())[:300].rstrip(".")


def _of_read(status: int, body: Json) -> ChannelError | None:
    if status in _GONE:
        return Hidden(f"The forum found nothing there: {told(body) or status}.")
    return _limited(status, body)


def _of_peek(status: int, body: Json) -> ChannelError | None:
    if status == 403:
        return Hidden(f"The forum does not let the desk see it: {told(body) or status}.")
    return _of_read(status, body)


def _of_write(status: int, body: Json) -> ChannelError | None:
    """422: the text (too short, too similar to the last one); 403: closed topic, or a key without write access."""
    if status in _GONE:
        return Hidden(f"The forum has no such post or topic: {told(body) or status}.")
    if status == 422 and told(body):
        return Rejected(f"The forum refuses it: {told(body)}.")
    if status == 403 and told(body):
        return Rejected(f"The forum refuses it: {told(body)}. The topic may be closed, or the key lacks write access.")
    return _limited(status, body)


def _limited(status: int, body: Json) -> ChannelError | None:
    extras = body.get("extras") if isinstance(body, dict) and status == 429 else None
    wait_s = extras.get("wait_seconds") if isinstance(extras, dict) else None
    if not isinstance(wait_s, int | float) or isinstance(wait_s, bool) or wait_s < 0:
        return None
    wait_s = min(float(wait_s), MAX_WAIT_S)
    until = desk_now() + timedelta(seconds=wait_s)
    return RateLimited(f"The forum says: {told(body) or 'too many requests'}. Waiting.", until, wait_s)
