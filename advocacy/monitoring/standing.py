"""Problems of the desk as a whole: for the banner on its pages, the channels page, /healthz and the alarms.

Reads only Redis, in one round trip, so every page can afford it. `watch`, which every worker runs several times a
minute, copies the database's findings there (`channels.outbox.hold_sending`): whichever part is dead, another one
reports it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from advocacy.monitoring import heartbeats
from advocacy.monitoring.heartbeats import BEAT, SILENT_AFTER_S, queue_part
from advocacy.runtime.redis_client import client
from channels.monitoring import alarms
from channels.outbox import held_back, hold_sending
from mentions.incidents import incidents
from metrics.alerts import showing
from metrics.rollups import keeping

NOTED = "desk:standing"
NOTED_FOR_S = 90
WATCHING = "desk:watching"
WATCH_EVERY_S = 8
SEES_PARTS = "channels.view_connection"
SETTLES = "channels.settle_outbounditem"
READS_REPORTS = "mentions.view_reports"
ALARMING = ("copy", "figures")
"""The findings of `watch` that are also announced in Slack and by email."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`key` identifies it (`beat`, `queue:polls`, `redis`, `held`, `copy`, `review`, `figures`); `permission`: who sees
    it on the pages, "" for everybody; `page`: where to fix it."""

    key: str
    words: str
    permission: str = SEES_PARTS
    page: str = ""


def _consequence(queue: str) -> str:
    """What stops without a worker for this queue. A test checks every queue."""
    known = CONSEQUENCES.get(queue)
    return str(known()) if known else _("its tasks wait.")


CONSEQUENCES: dict[str, Callable[[], str]] = {
    "desk": lambda: _("claims do not expire, and no notices are posted in Slack."),
    "replies": lambda: _("no replies are sent."),
    "ingest": lambda: _("incoming items do not become tickets."),
    "polls": lambda: _("no mentions come in."),
    "pages": lambda: _("web pages are not fetched, and connections cannot be tested."),
}


def silent_parts() -> list[Trouble]:
    """Beat and queue workers not seen lately. Raises redis.RedisError."""
    silences = heartbeats.silences()
    return [_silent(name, silence_s) for name, silence_s in silences.items() if silence_s > SILENT_AFTER_S]


def _silent(name: str, silence_s: float) -> Trouble:
    span = ngettext("%(count)d min", "%(count)d min", max(1, round(silence_s / 60)))
    values = {"span": span % {"count": max(1, round(silence_s / 60))}}
    if name == BEAT:
        message = _("Beat has not been seen for %(span)s: no scheduled tasks run. Start it: celery -A advocacy beat")
        return Trouble(name, message % values)
    queue = name.removeprefix(queue_part(""))
    values |= {"queue": queue, "consequence": _consequence(queue)}
    message = _(
        "The worker for %(queue)s has not been seen for %(span)s: %(consequence)s "
        "Start it: celery -A advocacy worker -Q %(queue)s"
    )
    return Trouble(name, message % values)


def notes() -> dict[str, Any]:
    """What `watch` has copied to Redis. Raises redis.RedisError, ValueError."""
    return dict(json.loads(client().get(NOTED) or b"{}"))


def troubles(read: Callable[[], dict[str, Any]] = notes) -> list[Trouble]:
    """All current problems, most urgent first. Never raises for Redis: its absence is one of them."""
    found = [Trouble("held", _held_back_words(), permission="")] if settings.HOLD_SENDING else []
    try:
        found += _from_notes(read())
        found += silent_parts()
    except (redis.RedisError, ValueError):
        found.append(Trouble("redis", redis_words()))
    return found


def redis_words() -> str:
    return _("Redis is not responding: new mentions and replies wait until it is back. Nothing is lost.")


def _held_back_words() -> str:
    return _("Sending is on hold (DESK_HOLD_SENDING): replies and Slack messages wait, and nothing leaves the desk.")


def _from_notes(noted: dict[str, Any]) -> list[Trouble]:
    found = []
    if noted.get("held") == hold_sending.COPY:
        said = _(
            "This database is a restored copy, so nothing leaves the desk. Stop the workers and run: "
            "manage.py after_restore"
        )
        found.append(Trouble("copy", said, permission=""))
    if count := int(noted.get("review") or 0):
        said = ngettext(
            "%(count)d item from before the restore needs your review.",
            "%(count)d items from before the restore need your review.",
            count,
        )
        found.append(Trouble("review", said % {"count": count}, permission=SETTLES, page="mentions:held"))
    if count := int(noted.get("figures") or 0):
        said = ngettext(
            "The reports differ from the tickets in %(count)d day of a channel. Find out why, then run: "
            "manage.py rebuild_figures",
            "The reports differ from the tickets in %(count)d days of channels. Find out why, then run: "
            "manage.py rebuild_figures",
            count,
        )
        found.append(Trouble("figures", said % {"count": count}, permission=READS_REPORTS, page="metrics:index"))
    return found


def watch(now: datetime) -> int:
    """Copy the database's findings, raise and clear alarms about the desk's own parts; return how many were sent. Does
    nothing within some seconds of the last run."""
    if not client().set(WATCHING, 1, ex=WATCH_EVERY_S, nx=True):
        return 0
    noted = {
        "held": hold_sending.why_held_back(),
        "review": held_back.items().count(),
        "figures": keeping.known_differences(),
        "incidents": incidents.to_json(incidents.open_incidents(now)),
        "alerts": showing.for_everybody_now(),
    }
    client().set(NOTED, json.dumps(noted), ex=NOTED_FOR_S)
    wrong = [*silent_parts(), *(each for each in _from_notes(noted) if each.key in ALARMING)]
    return alarms.tell_of_parts({trouble.key: trouble.words for trouble in wrong}, now)


def watch_alone(now: datetime) -> int:
    """For beat: runs only while no worker is seen, since nobody else would report it."""
    silences = heartbeats.silences()
    workers = [silence_s for name, silence_s in silences.items() if name != BEAT]
    return watch(now) if min(workers) > SILENT_AFTER_S else 0


def standing(request: HttpRequest) -> dict[str, Any]:
    """Context processor: only the base template calls these, so fragments cost nothing."""
    read = cache(lambda: notes())
    return {
        "standing": lambda: _for(request, read),
        "incidents": lambda: _incidents(request, read),
        "alerts": lambda: _alerts(request, read),
    }


def _for(request: HttpRequest, read: Callable[[], dict[str, Any]]) -> list[Trouble]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    return [each for each in troubles(read) if not each.permission or user.has_perm(each.permission)]


def _incidents(request: HttpRequest, read: Callable[[], dict[str, Any]]) -> list[incidents.Incident]:
    """Open incidents of our service, for everybody who works on tickets."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    try:
        return incidents.from_json(read().get("incidents"))
    except (redis.RedisError, ValueError, TypeError, KeyError):
        return []


def _alerts(request: HttpRequest, read: Callable[[], dict[str, Any]]) -> list[str]:
    """Running alerts about the numbers, for people who read reports."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.has_perm(READS_REPORTS):
        return []
    try:
        return [str(words) for words in read().get("alerts") or []]
    except (redis.RedisError, ValueError, TypeError):
        return []
