"""Requests to Disqus: keys and numbered errors.

Keys: https://disqus.com/api/docs/requests/ and /auth/. Errors, which may also come with status 200 or 400, are
`{"code": n, "response": "words"}`: https://disqus.com/api/docs/errors/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient, Uncertain
from channels.http.client import Answer, get_json, post_form
from channels.http.errors import quota, redacted
from channels.toolkit.partial_failures import NotForThis

API = "https://disqus.com/api/3.0"
KINDS = ("approved", "unapproved", "spam", "deleted")
"""Values of `include`; without it only approved comments are returned: https://disqus.com/api/docs/forums/listPosts/"""
NOT_FOUND = 8
"""Requested object not found."""
_NO_RIGHT = (4, 5, 9, 11, 18)
"""No user, invalid key, wrong kind of key, wrong domain, bad signature."""
_NO_RIGHT_HERE = (12, 17)
"""No privileges, or no access to the feature, on this forum; the same keys may work for another one."""
_USED_UP = (13, 14)
"""The limit of this resource, or of the account (1,000 an hour)."""
_BROKEN = (15, 16, 20)
"""Server error, timeout, maintenance."""
_WAIT_S = 900.0
"""Wait after a limit without a stated end: limits are hourly."""


class Missing(Rejected):
    """Disqus has no such object."""


def secrets_of(config: Config) -> tuple[str, ...]:
    return tuple(value for value in (*config.secrets.values(), *config.personal.values()) if value)


def get(config: Config, path: str, pairs: Mapping[str, str | int], include: tuple[str, ...] = ()) -> Answer:
    """Read as the connection. Also raises for an error inside a 200."""
    return _get(config, path, pairs, include, config.secret("access_token"))


def get_as_person(config: Config, path: str) -> Answer:
    """Read as the replying person. Raises AuthFailed without a token."""
    return _get(config, path, {}, (), person(config))


def _get(config: Config, path: str, pairs: Mapping[str, str | int], include: tuple[str, ...], token: str) -> Answer:
    url = _url(config, path)
    if include:
        url = f"{url}?{urlencode([('include', kind) for kind in include])}"
    answer = get_json(
        config.network, url, params={**_keys(config, token), **pairs}, secrets=secrets_of(config), classify=_of_read
    )
    problem = _problem(answer.body)
    if problem is not None:
        raise redacted(problem, secrets_of(config))
    return answer


def post(config: Config, path: str, form: Mapping[str, str]) -> Json:
    """Write as the person; returns `response`. Raises as `channels.http.client.post_form`."""
    answer = post_form(
        config.network,
        _url(config, path),
        {**_keys(config, person(config)), **form},
        secrets=secrets_of(config),
        classify=_of_write,
    )
    if not isinstance(answer.body, dict) or "code" not in answer.body:
        raise Uncertain("Disqus accepted the request but sent an unexpected response.")
    problem = _after_write(_problem(answer.body))
    if problem is not None:
        raise redacted(problem, secrets_of(config))
    return answer.body.get("response")


def person(config: Config) -> str:
    token = config.personal.get("access_token", "")
    if not token:
        raise AuthFailed("Disqus replies go out from your own account. Enter your access token, or reply on Disqus.")
    return token


def _keys(config: Config, token: str) -> dict[str, str]:
    if not config.secret("api_key"):
        raise AuthFailed("This Disqus connection has no API key. Enter the one of your application.")
    named = {"api_key": config.secret("api_key"), "api_secret": config.secret("api_secret"), "access_token": token}
    return {name: value for name, value in named.items() if value}


def _url(config: Config, path: str) -> str:
    return f"{str(config.setting('api_base', API)).rstrip('/')}/{path}.json"


def quota_of(answer: Answer) -> tuple[int | None, datetime | None]:
    """Requests left and when the hour ends, from `X-Ratelimit-Remaining` and `-Reset` (epoch seconds)."""
    named = {f"x-rate-limit-{name}": answer.headers.get(f"X-Ratelimit-{name}") or "" for name in ("remaining", "reset")}
    return quota(named, desk_now())


def error_line(body: Mapping[str, Json]) -> str:
    said = body.get("response")
    words = said if isinstance(said, str) else said.get("message") if isinstance(said, dict) else None
    return " ".join(str(words or f"error {body.get('code')}").split())[:200].rstrip(".")


def _problem(body: Json) -> ChannelError | None:
    code = body.get("code") if isinstance(body, dict) else None
    if not isinstance(body, dict):
        return Transient("Disqus sent an unexpected response. The desk retries automatically.")
    if code == 0:
        return None
    if not isinstance(code, int):
        return Transient("Disqus answered without a code. The desk retries automatically.")
    line = f"Disqus says: {error_line(body)} (code {code})"
    if code in _NO_RIGHT_HERE:
        return NotForThis(f"{line}. Check that the access token is a moderator's of this forum.")
    if code in _NO_RIGHT:
        return AuthFailed(f"{line}. Check the keys, and that the access token is a moderator's.")
    if code in _USED_UP:
        return RateLimited(f"{line}. Rate limit reached; waiting.", retry_after_s=_WAIT_S)
    if code in _BROKEN:
        return Transient(f"{line}. The desk retries automatically.")
    return Missing(f"{line}.") if code == NOT_FOUND else Rejected(f"{line}.")


def _of_read(status: int, body: Json) -> ChannelError | None:
    """The error code is more precise than the status: an exhausted quota may come as 400. For a 429, the headers are
    more precise."""
    if status == 429:
        return None
    return _problem(body) if isinstance(body, dict) and isinstance(body.get("code"), int) else None


def _of_write(status: int, body: Json) -> ChannelError | None:
    return _after_write(_of_read(status, body))


def _after_write(problem: ChannelError | None) -> ChannelError | None:
    """A server error during a write proves nothing."""
    if isinstance(problem, Transient) and not isinstance(problem, RateLimited):
        return Uncertain(f"{problem} The desk cannot tell whether it was accepted.")
    return problem
