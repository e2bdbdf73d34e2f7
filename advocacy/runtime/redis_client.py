"""A Redis client for our own few commands, next to Celery's: with timeouts, so nothing hangs while Redis is away."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings

TIMEOUT_S = 0.5


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
