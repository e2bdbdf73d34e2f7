"""Requests to Stack Exchange: errors, quota, and requested pauses.

Throttles: https://api.stackexchange.com/docs/throttle. All errors come with status 400; `error_id` gives the meaning:
https://api.stackexchange.com/docs/error-handling. Every answer is compressed (gzip).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels.adapters.stackexchange import wire
from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, Malformed, RateLimited, Rejected, Transient
from channels.http.api_client import ApiClient, Signature
from channels.toolkit.values import objects_of

MAX_PAUSE_S = 24 * 3600.0
DEFAULT_PAUSE_S = 60.0
MARGIN_S = 1.0
"""A request in the very second a pause ends is still throttled: https://meta.stackexchange.com/q/377674."""

_WITHIN = re.compile(r"(\d+(?:\.\d+)?) seconds?")
_ID = re.compile(r"/[\d;]+(?=/|$)")
_INCLUDED = "question.answers;question.comments;question.link;answer.comments;answer.link;answer.title;comment.link"

_filters: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One answer: its objects and the wrapper's quota data. `pause_s`: 0 without `backoff`."""

    items: list[dict[str, Any]]
    has_more: bool
    quota_left: int | None
    pause_s: float

    @property
    def quota_resets_at(self) -> datetime | None:
        """Quotas are daily: the next midnight in UTC."""
        if self.quota_left is None:
            return None
        today = desk_now().replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=1)


class Api(ApiClient):
    label = "Stack Exchange"
    default_address = "https://api.stackexchange.com/2.3"

    def sign(self, config: Config, speaker: str) -> Signature:
        key = config.secret("key")
        return Signature(params={"key": key}, keys=(key,)) if key else Signature()

    def limited(self, path: str) -> str:
        """Pauses are per method."""
        return _ID.sub("/{ids}", path)

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return _failure(body) if isinstance(body, dict) and "error_id" in body else None


def ask(config: Config, path: str, params: Mapping[str, str | int] | None = None) -> Wrapper:
    """GET one method. Raises RateLimited, even before the request while a pause for this method lasts."""
    path, sent = path.lstrip("/"), {**(params or {})}
    if not path.startswith("filters/"):
        sent["site"] = wire.site_of(config)
    wrapper = _wrapper(api.get(config, path, sent).body)
    if wrapper.pause_s:
        api.pause(config, path, waiting(wrapper.pause_s))
    return wrapper


def waiting(seconds: float) -> RateLimited:
    until = desk_now() + timedelta(seconds=seconds)
    message = f"Stack Exchange asks the desk to wait {seconds:.0f} s; reading then continues where it stopped."
    return RateLimited(message, until=until, retry_after_s=seconds)


def _wrapper(body: Json) -> Wrapper:
    if not isinstance(body, dict):
        raise Malformed("Stack Exchange sent a response without a wrapper.")
    items = body.get("items")
    if not isinstance(items, list):
        raise Transient("Stack Exchange returned no list of items. The desk retries automatically.")
    backoff, left = _number(body.get("backoff")), _number(body.get("quota_remaining"))
    return Wrapper(
        objects_of(items),
        body.get("has_more") is True,
        None if left is None else max(0, int(left)),
        min(MAX_PAUSE_S, backoff + MARGIN_S) if backoff and backoff > 0 else 0.0,
    )


def _number(value: Json) -> float | None:
    """`backoff` may be a fraction."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        return float(value)
    return None


def _failure(body: Mapping[str, Any]) -> ChannelError:
    """https://api.stackexchange.com/docs/error-handling"""
    number, line = body.get("error_id"), wire.error_line(body)
    message = str(body.get("error_message") or "")
    if number == 502:
        within = _WITHIN.search(message)
        wait_s = min(MAX_PAUSE_S, float(within[1]) + MARGIN_S) if within else DEFAULT_PAUSE_S
        until = desk_now() + timedelta(seconds=wait_s)
        return RateLimited(f"Stack Exchange: {line}. Waiting.", until=until, retry_after_s=wait_s)
    if number in (500, 503):
        return Transient(f"Stack Exchange: {line}. The desk retries automatically.")
    if number in (401, 402, 403, 405, 406) or "key" in message.lower():
        return AuthFailed(f"Stack Exchange: {line}. Check the key of this connection.")
    return Rejected(f"Stack Exchange: {line}.")


def thread_filter(config: Config) -> str:
    """The name of the filter that returns a question with its answers, all comments and all bodies in one request.

    Filters never change or expire, and the same fields always yield the same name
    (https://api.stackexchange.com/docs/filters), so it is requested once per process.
    """
    base = api.address(config)
    if base in _filters:
        return _filters[base]
    params = {"base": "withbody", "include": _INCLUDED, "unsafe": "false"}
    items = ask(config, "/filters/create", params).items
    name = items[0].get("filter") if items else None
    if not isinstance(name, str) or not name:
        raise Transient("Stack Exchange did not create a filter. The desk retries automatically.")
    _filters[base] = name
    return name


api = Api()
