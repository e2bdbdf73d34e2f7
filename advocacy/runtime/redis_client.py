"""Our own few words with Redis, beside Celery's: bounded in time, so that nobody hangs on a Redis that is away."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings

TIMEOUT_S = 0.5


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
