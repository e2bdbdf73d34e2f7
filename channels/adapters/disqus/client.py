"""Requests to Disqus: keys and numbered errors.

Keys: https://disqus.com/api/docs/requests/ and /auth/. Errors, which may also come with status 200 or 400, are
`{"code": n, "response": "words"}`: https://disqus.com/api/docs/errors/
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, NotFound, RateLimited, Rejected, Transient, Uncertain
from channels.http.api_client import PERSON, ApiClient, Signature, required
from channels.http.client import Answer
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.values import one_line, value_at

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


class Comments(ApiClient):
    label = "Disqus"
    default_address = "https://disqus.com/api/3.0"
    path_format = "{}.json"
    expects = (dict,)
    limit_headers = "X-Ratelimit-"

    def sign(self, config: Config, speaker: str) -> Signature:
        token = person(config) if speaker == PERSON else config.secret("access_token")
        key = required(config.secret("api_key"), "This Disqus connection has no API key. Enter your application's key.")
        named = {"api_key": key, "api_secret": config.secret("api_secret"), "access_token": token}
        known = {name: value for name, value in named.items() if value}
        return Signature(params=known, keys=tuple(known.values()))

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        """The error code is more precise than the status: an exhausted quota may be a 400. For a 429, the headers are
        more precise."""
        is_success = 200 <= status < 300
        if is_write and is_success and not (isinstance(body, dict) and "code" in body):
            return Uncertain("Disqus accepted the request but sent an unexpected response.")
        if status == 429 or not isinstance(body, dict) or not (is_success or isinstance(body.get("code"), int)):
            return None
        problem = _problem(body)
        return _after_write(problem) if is_write else problem


def get(config: Config, path: str, pairs: Mapping[str, str | int], include: tuple[str, ...] = ()) -> Answer:
    """Read as the connection."""
    return api.get(config, path, [*pairs.items(), *(("include", kind) for kind in include)])


def post(config: Config, path: str, form: Mapping[str, str]) -> Json:
    """Write as the person; returns `response`."""
    return api.post(config, path, form=form, speaker=PERSON).body.get("response")


def person(config: Config) -> str:
    missing = "Disqus replies go out from your own account. Enter your access token, or reply on Disqus."
    return required(config.personal.get("access_token", ""), missing)


def error_line(body: Mapping[str, Json]) -> str:
    said = body.get("response")
    words = said if isinstance(said, str) else value_at(said, "message")
    return one_line(words or f"error {body.get('code')}")


def _problem(body: Mapping[str, Json]) -> ChannelError | None:
    code = body.get("code")
    if code == 0:
        return None
    if not isinstance(code, int):
        return Transient("Disqus returned no result code. The desk retries automatically.")
    line = f"Disqus says: {error_line(body)} (code {code})"
    if code in _NO_RIGHT_HERE:
        return NotForThis(f"{line}. Check that the access token is a moderator's of this forum.")
    if code in _NO_RIGHT:
        return AuthFailed(f"{line}. Check the keys, and that the access token is a moderator's.")
    if code in _USED_UP:
        return RateLimited(f"{line}. Rate limit reached; waiting.", retry_after_s=_WAIT_S)
    if code in _BROKEN:
        return Transient(f"{line}. The desk retries automatically.")
    return NotFound(f"{line}.") if code == NOT_FOUND else Rejected(f"{line}.")


def _after_write(problem: ChannelError | None) -> ChannelError | None:
    """The error of a write: after a server error, its outcome is unknown."""
    if isinstance(problem, Transient) and not isinstance(problem, RateLimited):
        return Uncertain(f"{problem} The desk cannot tell whether it was accepted.")
    return problem


api = Comments()
get_as_person = partial(api.get, speaker=PERSON)
