"""Short-lived access tokens, fetched with a longer-lived secret and kept in this process until shortly before they end.

Nothing of it is stored: a restart fetches a new one. Tokens are remembered for redaction, as every secret is.
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
"""So long before its end a token is not used any more: a request under way must not outlive it."""
DEFAULT_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and for how many seconds from now it is good."""

    text: str = field(repr=False)
    life_s: float = DEFAULT_LIFE_S


_kept: dict[str, tuple[str, float]] = {}
_lock = threading.Lock()


def access_token(owner: tuple[str, ...], fetch: Callable[[], Token]) -> str:
    """The token of `owner` (address of the platform, client, long-lived secret …), asked for by `fetch` when there is
    none that is still good. Raises what `fetch` raises."""
    name = _name(owner)
    with _lock:
        kept = _kept.get(name)
    if kept is not None and kept[1] > time.monotonic():
        return kept[0]
    token = fetch()
    remember(token.text)
    with _lock:
        _kept[name] = (token.text, time.monotonic() + max(0.0, token.life_s - EARLY_S))
    return token.text


def forget(owner: tuple[str, ...]) -> None:
    """The platform refused it before its time: the next request asks for another."""
    with _lock:
        _kept.pop(_name(owner), None)


def token_from(body: Json) -> Token:
    """From the answer of a token endpoint (RFC 6749, 5.1). Raises AuthFailed if it holds none."""
    text = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text:
        raise AuthFailed("The platform gave no access token. Are the client and the refresh token right?")
    try:
        life_s = float(body.get("expires_in") or DEFAULT_LIFE_S)
    except (TypeError, ValueError):
        life_s = DEFAULT_LIFE_S
    return Token(text, life_s)


def _name(owner: tuple[str, ...]) -> str:
    return hashlib.blake2b("\0".join(owner).encode(), digest_size=16).hexdigest()
