"""Drops a periodic task that has waited until its next run is due, so a returning worker doesn't face a pile of
identical sweeps.

Celery's own `expires` is a time on the sender's clock, judged by the worker's: a worker ten minutes ahead would drop
every task. Here both sides use one shared clock, Redis'.
"""

from __future__ import annotations

from typing import Any

import redis
from celery import Task
from celery.signals import before_task_publish

from advocacy.runtime.redis_client import client

FRESH_FOR = "desk_fresh_for_s"
SENT_AT = "desk_sent_at_s"


def fresh_for(seconds: float) -> dict[str, Any]:
    """Message options for a task that is worthless after this many seconds."""
    return {"headers": {FRESH_FOR: seconds}}


def redis_now_s() -> float:
    """POSIX seconds on Redis' clock. Raises redis.RedisError."""
    seconds, microseconds = client().time()
    return float(seconds) + microseconds / 1e6


@before_task_publish.connect  # type: ignore[untyped-decorator]
def stamp(headers: dict[str, Any] | None = None, **_kwargs: Any) -> None:
    """Stamps the message; without Redis it is not sent either."""
    if headers is not None and headers.get(FRESH_FOR) is not None:
        try:
            headers[SENT_AT] = redis_now_s()
        except redis.RedisError:
            headers.pop(FRESH_FOR)


def is_stale(headers: dict[str, Any] | None) -> bool:
    """A message that can't be judged is run: an extra sweep does no harm."""
    fresh_for_s, sent_at_s = ((headers or {}).get(name) for name in (FRESH_FOR, SENT_AT))
    if fresh_for_s is None or sent_at_s is None:
        return False
    try:
        return redis_now_s() - float(sent_at_s) > float(fresh_for_s)
    except redis.RedisError:
        return False


class DeskTask(Task):  # type: ignore[misc]
    """Base class of every task of the desk."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return None if is_stale(self.request.headers) else self.run(*args, **kwargs)
