"""A thread in beat that reports what workers can't: whether the services respond, and whether any worker is alive.

Redis away: no worker gets any message. PostgreSQL away: no alarm can be stored. No worker seen: nobody watches. Beat is
one process that never forks, so a thread in it may have separate connections.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import redis
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.urls import reverse
from django.utils.translation import gettext as _

from advocacy.monitoring import standing
from advocacy.runtime.redis_client import client
from channels.clocks import desk_now
from channels.errors import ChannelError
from channels.monitoring import alarms
from channels.outbox.slack_posts import escaped
from channels.slack import api

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 15.0
AWAY_AFTER_S = 45.0
REPORTED = "desk:told:database"
REPORTED_FOR_S = 600


def is_database_there() -> bool:
    try:
        close_old_connections()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return False
    return True


def is_redis_there() -> bool:
    try:
        return bool(client().ping())
    except redis.RedisError:
        return False


@dataclass
class Watchman:
    """`look` runs one round. `clock`: monotonic seconds."""

    clock: Callable[[], float] = time.monotonic
    _away_since: dict[str, float] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)

    def look(self, now: datetime) -> None:
        has_database, has_redis = is_database_there(), is_redis_there()
        if self._is_away("database", has_database):
            self._tell_without_database(_("The database is not responding: the desk is down. No stored data is lost."))
        elif has_database and "database" in self._reported:
            self._reported.discard("database")
            self._post(_("✓ The database is back."))
        if has_database and self._is_away("redis", has_redis):
            alarms.tell_of_parts({"redis": standing.redis_words()}, now)
        elif has_database and has_redis:
            standing.watch_alone(now)

    def _is_away(self, name: str, is_there: bool) -> bool:
        """Whether it has been away long enough to report. A restart is not."""
        if is_there:
            self._away_since.pop(name, None)
            return False
        return self.clock() - self._away_since.setdefault(name, self.clock()) >= AWAY_AFTER_S

    def _tell_without_database(self, words: str) -> None:
        """Reports once, even if a second beat runs by mistake: Redis, if available, records who was first."""
        if "database" in self._reported:
            return
        self._reported.add("database")
        try:
            is_first = client().set(REPORTED, 1, ex=REPORTED_FOR_S, nx=True)
        except redis.RedisError:
            is_first = True
        if is_first:
            self._post(f"⚠ {words}")

    def _post(self, words: str) -> None:
        address = settings.BASE_URL + reverse("channels:health")
        if settings.SLACK_TOKEN and settings.TEAM_SLACK_CHANNEL and not settings.HOLD_SENDING:
            text = f"{escaped(f'{settings.COMPANY_NAME}: {words}')}\n{address}"
            try:
                api.post({"channel": settings.TEAM_SLACK_CHANNEL, "text": text}, str(uuid4()))
            except ChannelError as error:
                logger.error("Could not report the database outage in Slack (%s).", type(error).__name__)
        alarms.mail(words, address)


def keep_watch(watchman: Watchman, stopped: threading.Event) -> None:
    while not stopped.wait(LOOK_EVERY_S):
        try:
            watchman.look(desk_now())
        except Exception:
            logger.exception("A round of beat's watch failed; the watch continues.")


def start() -> threading.Event:
    """Set the event to stop it; it also ends with the process."""
    stopped = threading.Event()
    threading.Thread(target=keep_watch, args=(Watchman(), stopped), name="watchman", daemon=True).start()
    return stopped
