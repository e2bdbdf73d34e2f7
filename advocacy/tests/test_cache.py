"""The cache: JSON in Redis, and this process's own memory while Redis is away."""

import json
import logging

import pytest
import redis
from django.conf import settings
from django.core.cache import cache, caches

from advocacy.embedded.redis import RedisServer
from advocacy.runtime import cache as desk_cache
from advocacy.runtime.cache import ForgivingRedisCache, JsonSerializer


@pytest.fixture
def server():
    made = RedisServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def own(server, monkeypatch):
    monkeypatch.setattr(desk_cache, "AWAY_S", 0.0)
    return ForgivingRedisCache(server.url, {"KEY_PREFIX": "desk", "OPTIONS": {"socket_timeout": 1}})


def test_desk_uses_it():
    assert isinstance(caches["default"], ForgivingRedisCache)


@pytest.mark.parametrize("value", [0, 7, -1, True, None, 1.5, "", "123", "ü", [1, "a", None], {"a": [1, {"b": 2}]}])
def test_values_come_back_as_they_were(value):
    cache.set("test:value", value)
    found = cache.get("test:value", "nothing")
    assert (found, type(found)) == (value, type(value))


def test_what_stands_in_redis_is_json_under_our_prefix():
    cache.set("test:plain", {"a": [1, 2]})
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        raw = client.get("desk:1:test:plain")
    assert json.loads(raw) == {"a": [1, 2]}


@pytest.mark.parametrize("value", [{1: 2}, {"a": {(1, 2): 3}}, object(), float("nan"), b"bytes"])
def test_what_json_would_change_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        JsonSerializer().dumps(value)


def test_pickles_are_never_opened():
    with pytest.raises(ValueError):
        JsonSerializer().loads(b"\x80\x05cos\nsystem\n(S'true'\ntR.")


VERBS = [
    lambda c: c.add("a", 1, 60),
    lambda c: c.get("a", 9),
    lambda c: c.set("a", 1, 60),
    lambda c: c.touch("a", 60),
    lambda c: c.get_many(["a", "b"]),
    lambda c: c.set_many({"a": 1, "b": 2}),
    lambda c: c.has_key("a"),
    lambda c: "a" in c,
    lambda c: c.incr("a"),
    lambda c: c.decr("a"),
    lambda c: c.get_or_set("c", 3),
    lambda c: c.delete_many(["b"]),
    lambda c: c.delete("a"),
    lambda c: c.clear(),
]


def test_every_verb_answers_the_same_with_redis_and_without(server, own):
    own.clear()
    there = [verb(own) for verb in VERBS]
    server.stop()
    assert [verb(own) for verb in VERBS] == there


def test_clearing_the_cache_leaves_the_tasks_of_the_broker(server, own):
    with redis.Redis.from_url(server.url) as client:
        client.rpush("desk", "a task")
        own.set("a", 1)
        own.clear()
        assert own.get("a") is None
        assert client.lrange("desk", 0, -1) == [b"a task"]


def test_limits_of_attempts_still_count_while_redis_is_away(server, own):
    server.stop()
    own.add("attempts", 0, 60)
    assert [own.incr("attempts") for _ in range(3)] == [1, 2, 3]
    with pytest.raises(ValueError):
        own.incr("nobody")


def test_outage_and_its_end_are_logged_once_each(server, own, caplog):
    caplog.set_level(logging.WARNING)
    own.set("a", 1)
    server.stop()
    for _ in range(5):
        own.set("a", 2)
    server.start()
    for _ in range(5):
        assert own.get("a") is None  # what the memory held in the meantime is dropped
    assert [record.message.partition(" (")[0].partition(":")[0] for record in caplog.records] == [
        "Redis is down",
        "Redis is back",
    ]


def test_redis_that_is_away_is_not_asked_for_each_value(server, own, monkeypatch):
    monkeypatch.setattr(desk_cache, "AWAY_S", 60.0)
    server.stop()
    own.get("a")
    monkeypatch.setattr(own._cache, "get", lambda *args: pytest.fail("asked again"))
    own.get("a")
