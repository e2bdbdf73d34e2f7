"""What can go wrong with the outside world, classified by what the desk must do about it.

An adapter raises these and nothing else. The text of an error is shown to admins and advocates: it says what
happened and what to do, and never holds a secret.
"""

from __future__ import annotations

import re
from datetime import datetime

MAX_WORDS = 1000
# Control characters (NUL among them), line ends, halves of surrogate pairs and marks that turn the direction of text.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def fit(text: str) -> str:
    """What a platform said, as one line that every database stores and every page shows; at most `MAX_WORDS`
    characters, with an ellipsis where it was cut."""
    line = _UNFIT.sub(" ", text[: 4 * MAX_WORDS]).strip()
    return line if len(line) <= MAX_WORDS else f"{line[: MAX_WORDS - 1]}…"


class ChannelError(Exception):
    """Any failure of the outside world. Its text may quote a platform: it is made fit to be stored here, once."""

    def __init__(self, message: str = "") -> None:
        super().__init__(fit(str(message)))


class Transient(ChannelError):
    """Try the same again later: a 5xx, a reset connection, a timeout of a read. `retry_after_s` in seconds, if told."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimited(Transient):
    """The platform's quota is used up until `until` (aware UTC); asking earlier makes it worse."""

    def __init__(self, message: str, until: datetime | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, retry_after_s)
        self.until = until


class AuthFailed(ChannelError):
    """Credentials are refused, expired or lack a right; only an admin can mend it."""


class Rejected(ChannelError):
    """The platform refuses this one item for good (too long, duplicate, deleted parent, unknown recipient)."""


class Malformed(ChannelError):
    """What came in cannot be read as this platform's format."""


class Refused(ChannelError):
    """A request from outside does not prove where it comes from, or is too old; nothing of it is stored."""


class Uncertain(ChannelError):
    """A request that changes something was sent and its outcome is unknown; never repeat it blindly."""


class BlockedAddress(Rejected):
    """A user-set URL leads to an address inside the own network."""
