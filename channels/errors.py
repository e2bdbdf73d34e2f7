"""Errors of adapters and platforms, classified by what the desk must do about them.

An adapter raises these and nothing else. The text is shown to admins and advocates: it says what happened and what to
do, and never contains a secret.
"""

from __future__ import annotations

import re
from datetime import datetime

MAX_WORDS = 1000
RETRIED = "The desk retries automatically."
"""Ends the message of a `Transient` from `channels.http`; callers that do not retry remove it."""
# Control characters (including NUL), line ends, lone surrogates and bidirectional control marks.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def fit(text: str) -> str:
    """A platform's text as one line, safe to store and show; at most `MAX_WORDS` characters, with an ellipsis if
    cut."""
    line = _UNFIT.sub(" ", text[: 4 * MAX_WORDS]).strip()
    return line if len(line) <= MAX_WORDS else f"{line[: MAX_WORDS - 1]}…"


class ChannelError(Exception):
    """Any failure of a platform or adapter. Its text may quote the platform, so it is cleaned here for storage."""

    def __init__(self, message: str = "") -> None:
        super().__init__(fit(str(message)))


class Transient(ChannelError):
    """Retry later: a 5xx, a reset connection, a read timeout. `retry_after_s`: seconds, None if the platform gave
    none."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimited(Transient):
    """The quota is exhausted until `until` (aware UTC); retrying earlier makes it worse."""

    def __init__(self, message: str, until: datetime | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, retry_after_s)
        self.until = until


class AuthFailed(ChannelError):
    """Credentials are rejected, expired or lack a permission; only an admin can fix it."""


class Rejected(ChannelError):
    """The platform permanently rejects this item (too long, duplicate, deleted parent, unknown recipient)."""


class NotFound(Rejected):
    """What was asked for doesn't exist (any more), or these credentials may not see it: many platforms answer both
    alike."""


class Malformed(ChannelError):
    """Incoming data isn't in this platform's format."""


class Refused(ChannelError):
    """An incoming request fails authentication or is too old; nothing is stored."""


class Uncertain(ChannelError):
    """A write was sent and its outcome is unknown; never retry it blindly."""


class BlockedAddress(Rejected):
    """A user-supplied URL leads to an internal address."""
