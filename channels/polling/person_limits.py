"""How often a person may have the desk ask another server while they wait: reading a page, *Test connection*.

What one person asks for must not keep the others' waiting: the queue of pages is short for everybody.
"""

from __future__ import annotations

from django.core.cache import cache

PER_MINUTE = 6
WINDOW_S = 60


def may_ask(person_id: int | None) -> bool:
    """Counts this time. True when the cache is away: the limit is a convenience, the queue is apart anyway."""
    key = f"asks-other-servers:{person_id}"
    try:
        cache.add(key, 0, WINDOW_S)
        return int(cache.incr(key)) <= PER_MINUTE
    except ValueError:  # it ran out between the two
        return True
    except Exception:  # whatever the cache's client raises
        return True
