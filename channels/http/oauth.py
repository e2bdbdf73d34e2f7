"""Short-lived access tokens, fetched with a long-lived secret and cached in this process until shortly before expiry.

Tokens are never stored: a restart fetches a new one. Like every secret, they are remembered for redaction.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from channels.contract import Json
from channels.errors import AuthFailed
from channels.secrets.vault import remember

EARLY_S = 60.0
"""Seconds before expiry at which a token is no longer used: a running request must not outlive it."""
DEFAULT_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and its remaining lifetime in seconds."""

    text: str = field(repr=False)
    life_s: float = DEFAULT_LIFE_S


_cache: dict[str, tuple[str, float]] = {}
_lock = threading.Lock()


def access_token(owner: tuple[str, ...], fetch: Callable[[], Token]) -> str:
    """The valid token of `owner` (the platform's address, client, long-lived secret …); calls `fetch` if none is
    cached. Raises what `fetch` raises."""
    name = _name(owner)
    with _lock:
        cached = _cache.get(name)
    if cached is not None and cached[1] > time.monotonic():
        return cached[0]
    token = fetch()
    remember(token.text)
    with _lock:
        _cache[name] = (token.text, time.monotonic() + max(0.0, token.life_s - EARLY_S))
    return token.text


def forget(owner: tuple[str, ...]) -> None:
    """Drop a token that the platform rejected early; the next request fetches another."""
    with _lock:
        _cache.pop(_name(owner), None)


def token_from(body: Json) -> Token:
    """The token in a token endpoint's response (RFC 6749, 5.1). Raises AuthFailed if there is none."""
    text = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text:
        raise AuthFailed("The platform issued no access token. Check the client and the refresh token.")
    try:
        life_s = float(body.get("expires_in") or DEFAULT_LIFE_S)
    except (TypeError, ValueError):
        life_s = DEFAULT_LIFE_S
    return Token(text, life_s)


def _name(owner: tuple[str, ...]) -> str:
    return hashlib.blake2b("\0".join(owner).encode(), digest_size=16).hexdigest()
