"""Maps HTTP failures to channel errors and redacts secrets from their text. Pure.

Status codes: RFC 9110 section 15, 429 RFC 6585 section 4. Retry-After: RFC 9110 section 10.2.3. `x-rate-limit-reset`
is in epoch seconds: https://docs.x.com/x-api/fundamentals/rate-limits
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, quote_plus

from channels.errors import RETRIED, AuthFailed, ChannelError, RateLimited, Rejected, Transient, Uncertain

MAX_WAIT_S = 24 * 3600.0
_MAX_LEFT = 2**31 - 1
"""The database column's maximum; no quota is larger."""
_OLDEST = 1e8
"""Epoch seconds of 1973: a smaller number counts from now."""
Limits = tuple[int | None, datetime | None]
"""Requests left in a window and when it ends (aware UTC); None if the platform doesn't say."""
_DETAIL_LENGTH = 200
_DETAIL_READ = 4000
"""Bytes of an error body to inspect: the patterns below take quadratic time on hostile input."""
# Matches whole names (possessively, so a search never restarts inside one) and what separates them from the value.
_NAME = re.compile(r"(?<![\w-])([\w-]++)[\"']?\s{0,9}[=:]\s{0,9}")
_SECRET_NAME = re.compile(
    r".*(?:token|secret)|(?:.*-)?(?:api[_-]?key|pass(?:word|wd)?|signature|oauth_\w+|key)\Z", re.IGNORECASE
)
_VALUE = re.compile(r"[\"'][^\"']*+[\"']|[^&\s,;\"'}]++")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/%=-]{8,}")
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_TAGS = re.compile(r"<(script|style)\b.*?</\1|<[^>]*>", re.IGNORECASE | re.DOTALL)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets (also URL-encoded) and without anything that looks like a secret."""
    for secret in sorted({s for s in secrets if s and len(s) >= 4}, key=len, reverse=True):
        for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(form, "•••")
    return _without_parameters(_USERINFO.sub("•••@", _BEARER.sub(r"\1 •••", text)))


def _without_parameters(text: str) -> str:
    """Removes the values of `token=…`, `"api_key": "…"` and the like."""
    pieces, at = [], 0
    for name in _NAME.finditer(text):
        if name.end() >= at and _SECRET_NAME.match(name[1]) and (value := _VALUE.match(text, name.end())):
            pieces += [text[at : name.end()], "•••"]
            at = value.end()
    return "".join([*pieces, text[at:]])


def redacted(error: ChannelError, secrets: Iterable[str]) -> ChannelError:
    """The same error with redacted text: it may quote a platform, and platforms quote what they were sent."""
    known = tuple(secrets)
    error.args = tuple(redact(part, known) if isinstance(part, str) else part for part in error.args)
    return error


def read_failure(status: int, headers: Mapping[str, str], where: str, detail: str, now: datetime) -> ChannelError:
    """The error of a failed read. `where`: host and path; `detail`: the platform's text."""
    message = f"{where} returned {status}" + (f": {detail.rstrip('.')}" if detail else "")
    if status == 429:
        return rate_limited(headers, message, now)
    if status in (401, 403):
        return AuthFailed(f"{message}. Check this connection's credentials and their permissions.")
    if status >= 500 or status in (408, 425):
        return Transient(f"{message}. {RETRIED}", retry_after_s(headers, now))
    if status == 402:
        return AuthFailed(f"{message}. This account's plan does not include the request.")
    return Rejected(f"{message}.")


def write_failure(status: int, headers: Mapping[str, str], where: str, detail: str, now: datetime) -> ChannelError:
    """The error of a failed write: after a 5xx its outcome is unknown."""
    message = f"{where} returned {status}" + (f": {detail.rstrip('.')}" if detail else "")
    if status == 429:
        return rate_limited(headers, message, now)
    if status == 401:
        return AuthFailed(f"{message}. Check this channel's credentials.")
    if status >= 500 or status == 408:
        return Uncertain(f"{message}. The desk cannot tell whether it was accepted.")
    return Rejected(f"{message}.")


def rate_limited(headers: Mapping[str, str], message: str, now: datetime) -> RateLimited:
    """RateLimited, with the time to wait if the headers give one."""
    wait_s = retry_after_s(headers, now)
    until = now + timedelta(seconds=wait_s) if wait_s is not None else quota(headers, now)[1]
    if until is not None and wait_s is None:
        wait_s = max(0.0, (until - now).total_seconds())
    return RateLimited(f"{message}. Rate limit reached; waiting.", until=until, retry_after_s=wait_s)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait from `Retry-After` (seconds or an HTTP date), at most a day; None if missing or invalid."""
    value = (headers.get("Retry-After") or "").strip()
    if not value:
        return None
    seconds = _number(value)
    if seconds is None:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(0.0, seconds), MAX_WAIT_S)


def quota(headers: Mapping[str, str], now: datetime, prefix: str = "x-rate-limit-") -> Limits:
    """Requests left and when the window resets, at most a day from now: the headers `<prefix>remaining` and
    `<prefix>reset`."""
    left = _number(headers.get(f"{prefix}remaining") or "")
    resets_at = _moment(headers.get(f"{prefix}reset") or "", now)
    return (min(int(left), _MAX_LEFT) if left is not None and left >= 0 else None), resets_at


def _moment(value: str, now: datetime) -> datetime | None:
    """An ISO 8601 time, seconds since the epoch, or (a small number) seconds from now."""
    number, latest = _number(value), now + timedelta(seconds=MAX_WAIT_S)
    if number is None:
        try:
            at = datetime.fromisoformat(value)
            return min(at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC), latest)
        except (ValueError, OverflowError):
            return None
    if not 0 <= number < 1e11:
        return None
    return min(now + timedelta(seconds=number) if number < _OLDEST else datetime.fromtimestamp(number, UTC), latest)


def detail_of(body: bytes, secrets: Iterable[str]) -> str:
    """One line from an error body, without secrets: the usual message fields, or its text."""
    text = body[:_DETAIL_READ].decode("utf-8", "replace")
    try:
        message = _message_in(json.loads(text))
    except (ValueError, RecursionError):
        message = _TAGS.sub(" ", text)
    line = " ".join(redact(message, secrets).split())
    return line if len(line) <= _DETAIL_LENGTH else line[: _DETAIL_LENGTH - 1] + "…"


def _message_in(body: Any) -> str:
    if isinstance(body, dict):
        parts = [str(body[k]) for k in ("title", "error", "message", "detail", "error_description") if _plain(body, k)]
        for key in ("errors", "error"):
            nested = body.get(key)
            parts += [
                _message_in(e) for e in (nested if isinstance(nested, list) else [nested])[:2] if isinstance(e, dict)
            ]
        return " ".join(dict.fromkeys(part for part in parts if part))
    return str(body) if isinstance(body, str) else ""


def _plain(body: dict[str, Any], key: str) -> bool:
    return isinstance(body.get(key), str | int) and bool(body[key])


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
