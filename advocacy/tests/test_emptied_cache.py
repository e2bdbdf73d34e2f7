"""What a test leaves in the cache is gone before the next, wherever the cache has put it; the broker's keys stay."""

import redis
from django.core.cache import cache

from advocacy.tests.emptied_cache import EmptiedCache


def test_it_empties_redis_of_our_keys_only():
    emptied = EmptiedCache()
    cache.set("left", 1)
    emptied.client.set("of the broker", 1)
    try:
        emptied()
        assert cache.get("left") is None
        assert emptied.client.get("of the broker") == b"1"
    finally:
        emptied.client.delete("of the broker")
        emptied.client.close()


def test_it_empties_what_stands_in_for_redis():
    emptied = EmptiedCache()
    cache._memory.set("left", 1)
    emptied()
    assert cache._memory.get("left") is None
    emptied.client.close()


def test_without_redis_there_is_nothing_to_empty():
    emptied = EmptiedCache()
    emptied.client = redis.Redis.from_url("redis://127.0.0.1:1/0")
    emptied()
