"""Rate limits reported by a platform, shared by all workers through the cache.

If the cache loses one, it costs one request, which the platform answers with the same limit.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from math import ceil

from django.core.cache import cache

from channels.errors import RateLimited
from channels.http.errors import MAX_WAIT_S


def remember(limit: tuple[str, ...], error: RateLimited, now: datetime) -> None:
    """`limit`: what the platform counts requests by (address, credentials, …). Waits as long as the error says, at most
    a day; not at all if it doesn't say."""
    until = error.until or (now + timedelta(seconds=error.retry_after_s or 0))
    wait_s = min((until - now).total_seconds(), MAX_WAIT_S)
    if wait_s > 0:
        until = now + timedelta(seconds=wait_s)
        cache.set(_key(limit), {"until": until.isoformat(), "message": str(error)}, timeout=ceil(wait_s))


def check(limit: tuple[str, ...], now: datetime) -> None:
    """Raises the remembered RateLimited while it lasts."""
    remembered = cache.get(_key(limit))
    until = datetime.fromisoformat(remembered["until"]) if remembered else now
    if until > now:
        raise RateLimited(remembered["message"], until, (until - now).total_seconds())


def _key(limit: tuple[str, ...]) -> str:
    """A digest: credentials don't belong in the cache."""
    return f"pause:{hashlib.blake2b(chr(0).join(limit).encode(), digest_size=16).hexdigest()}"
