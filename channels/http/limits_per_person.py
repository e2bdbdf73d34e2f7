"""Limits each person's interactive requests to other servers: reading a page, *Test connection*.

One person's requests must not delay everybody else's: the page queue is short. Counted in Django's cache, which falls
back to process memory while Redis is down; libraries such as `limits` open their own connection and fail with it.
"""

from __future__ import annotations

from django.core.cache import cache

PER_MINUTE = 6
WINDOW_S = 60


def may_ask(person_id: int | None, what: str = "", per_minute: int = PER_MINUTE) -> bool:
    """Counts this request; each kind of request (`what`) separately. True if the cache is down: the limit is a
    convenience, and the queue is separate anyway."""
    key = f"asks-other-servers:{what}{person_id}"
    try:
        cache.add(key, 0, WINDOW_S)
        return int(cache.incr(key)) <= per_minute
    except ValueError:  # it expired between the two calls
        return True
    except Exception:  # the cache's client raises many types
        return True
