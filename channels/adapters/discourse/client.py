"""Requests to a forum: API keys and error mapping.

Keys: `Api-Key` with `Api-Username` (https://docs.discourse.org/#section/Authentication), or `User-Api-Key`
(https://meta.discourse.org/t/user-api-keys-specification/48536). Errors: `{"errors": ["…"], "error_type": "…"}`; a 429
gives the wait in `extras.wait_seconds` (https://meta.discourse.org/t/global-rate-limits-and-throttling/78612).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected
from channels.http.api_client import PERSON, ApiClient, Signature, required
from channels.http.errors import MAX_WAIT_S
from channels.toolkit.values import list_of, one_line, value_at

_GONE = (404, 410)
_BAD_KEY = "API username or key"
"""Part of the message about an invalid key, whose status and type are those of anything that is not allowed."""


class Hidden(Rejected):
    """The post or topic doesn't exist, or we may not see it."""


class Forum(ApiClient):
    """A public forum may be read without a key."""

    label = "The forum"
    no_address = "This connection has no address. Enter the forum's address."

    def sign(self, config: Config, speaker: str) -> Signature:
        if speaker == PERSON:
            return person(config)
        key, name = config.secret("api_key"), _name(config.setting("api_username", ""))
        named = {"Api-Username": name} if name else {}
        return Signature({"Api-Key": key, **named}, keys=(key,)) if key else Signature()

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return _of_write(status, body) if is_write else _of_read(status, body)


class Peeking(Forum):
    """For posts and topics that may be hidden from us: a 403 is about them, not our key."""

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        if status == 403:
            return Hidden(f"The forum does not let the desk see it: {error_line(body) or status}.")
        return _of_read(status, body)


def person(config: Config) -> Signature:
    """How the replying person signs. Raises AuthFailed."""
    missing = "Forum replies go out from your own account. Enter your API key, or reply on the forum."
    key, name = required(config.personal.get("api_key", ""), missing), _name(config.personal.get("username", ""))
    return Signature({"Api-Key": key, "Api-Username": name} if name else {"User-Api-Key": key}, keys=(key,))


def _name(given: Json) -> str:
    return str(given).strip().lstrip("@")


def error_line(body: Json) -> str:
    """The forum's error message, on one line."""
    return one_line(" ".join(line for line in list_of(value_at(body, "errors")) if isinstance(line, str)), 300)


def _of_read(status: int, body: Json) -> ChannelError | None:
    if status in _GONE:
        return Hidden(f"The forum found nothing there: {error_line(body) or status}.")
    return _limited(status, body)


def _of_write(status: int, body: Json) -> ChannelError | None:
    """422: the text (too short, too similar to the last one); 403: closed topic, or a key without write access."""
    if status in _GONE:
        return Hidden(f"The forum has no such post or topic: {error_line(body) or status}.")
    if status == 422 and error_line(body):
        return Rejected(f"The forum refuses it: {error_line(body)}.")
    if status == 403 and _BAD_KEY in error_line(body):
        return AuthFailed(f"The forum says: {error_line(body)}. Enter a new API key.")
    if status == 403 and error_line(body):
        return Rejected(
            f"The forum refuses it: {error_line(body)}. The topic may be closed, or the key lacks write access."
        )
    return _limited(status, body)


def _limited(status: int, body: Json) -> ChannelError | None:
    wait_s = value_at(body, "extras", "wait_seconds")
    if status != 429 or not isinstance(wait_s, int | float) or isinstance(wait_s, bool) or wait_s < 0:
        return None
    wait_s = min(float(wait_s), MAX_WAIT_S)
    until = desk_now() + timedelta(seconds=wait_s)
    return RateLimited(f"The forum says: {error_line(body) or 'too many requests'}. Waiting.", until, wait_s)


api = Forum()
get, peek, base, site = api.get, Peeking().get, api.address, api.site
get_as_person, post, remove = (partial(verb, speaker=PERSON) for verb in (api.get, api.post, api.delete))
