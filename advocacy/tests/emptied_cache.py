"""Empties the cache before each test; nearly always it only has to ask whether anything is in it.

`cache.clear()` makes a new client of Redis each time, and most tests leave nothing behind.
"""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache


class EmptiedCache:
    def __init__(self) -> None:
        self.client: Any = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
        self.pattern = f"{cache.key_prefix}:*"

    def __call__(self) -> None:
        if not self._is_empty():
            cache.clear()

    def _is_empty(self) -> bool:
        """Whether Redis has no key of ours, nor has what stands in for it in this process."""
        if cache._memory._cache:
            return False
        try:
            more, found = self.client.scan(match=self.pattern, count=1000)
        except redis.RedisError:  # the cache does without, too
            return True
        return not more and not found
