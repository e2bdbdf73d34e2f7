"""The cache: an optimisation. While Redis is away this process uses a small cache in memory, so that no page fails over
a count, and attempt limits still apply within this process.

Values are JSON: with pickle, anybody who can write to Redis could run code in the desk.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)

AWAY_S = 5.0
"""How long to skip Redis after a failure: a page must not wait for one timeout after another."""


class JsonSerializer:
    """Integers as Redis counts them, everything else as JSON. Tuples come back as lists. Raises TypeError for keys that
    JSON would turn into strings."""

    def dumps(self, value: Any) -> int | bytes:
        return value if type(value) is int else json.dumps(_checked(value), allow_nan=False).encode()

    def loads(self, data: bytes) -> Any:
        try:
            return int(data)
        except ValueError:
            return json.loads(data)


class ForgivingRedisCache(RedisCache):
    """Django's backend, replaced by this process's memory while Redis is away."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, {**params, "OPTIONS": {"serializer": JsonSerializer, **params.get("OPTIONS", {})}})
        self._memory = LocMemCache(f"instead of {server}", {**params, "OPTIONS": {"MAX_ENTRIES": 2000}})
        self._ask_again_at = 0.0

    def _ask(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._ask_again_at:
            try:
                answer = getattr(RedisCache, verb)(self, *args, **kwargs)
            except (redis.RedisError, OSError) as error:
                self._is_away(error)
            else:
                self._is_there()
                return answer
        return getattr(self._memory, verb)(*args, **kwargs)

    def _is_away(self, error: Exception) -> None:
        if not self._ask_again_at:
            logger.warning("Redis is down (%s): using a per-process cache until it is back.", type(error).__name__)
        self._ask_again_at = time.monotonic() + AWAY_S

    def _is_there(self) -> None:
        if self._ask_again_at:
            logger.warning("Redis is back: using the shared cache again.")
            self._ask_again_at = 0.0
            self._memory.clear()

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("add", key, value, *args, **kwargs))

    def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
        return self._ask("get", key, *args, **kwargs)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._ask("set", key, value, *args, **kwargs)

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("touch", key, *args, **kwargs))

    def delete(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("delete", key, *args, **kwargs))

    def get_many(self, keys: Any, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = self._ask("get_many", keys, *args, **kwargs)
        return found

    def set_many(self, data: Mapping[Any, Any], *args: Any, **kwargs: Any) -> list[Any]:
        failed: list[Any] = self._ask("set_many", data, *args, **kwargs)
        return failed

    def delete_many(self, keys: Any, *args: Any, **kwargs: Any) -> None:
        self._ask("delete_many", keys, *args, **kwargs)

    def has_key(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("has_key", key, *args, **kwargs))

    def incr(self, key: Any, *args: Any, **kwargs: Any) -> int:
        """Raises ValueError for a missing key, as Django's caches do."""
        return int(self._ask("incr", key, *args, **kwargs))

    def clear(self) -> None:
        """Deletes only our keys: Django's version would empty the whole database, including the broker's tasks."""
        self._memory.clear()
        try:
            client = self._cache.get_client(write=True)
            for keys in _batches(client.scan_iter(match=f"{self.key_prefix}:*", count=1000)):
                client.delete(*keys)
        except (redis.RedisError, OSError) as error:
            self._is_away(error)


def _batches(keys: Iterable[bytes], size: int = 500) -> Iterator[list[bytes]]:
    remaining = iter(keys)
    while batch := list(islice(remaining, size)):
        yield batch


def _checked(value: Any) -> Any:
    if isinstance(value, dict):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"a dict in the cache has a key that is not a string: {wrong[0]!r}")
        return {key: _checked(each) for key, each in value.items()}
    return [_checked(each) for each in value] if isinstance(value, list | tuple) else value
