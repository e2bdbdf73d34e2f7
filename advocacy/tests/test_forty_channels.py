"""Forty channels, polled for ten simulated minutes with faults on: nothing is lost, nothing is duplicated, no
connection starves, and no platform gets more requests than it allows.

Both clocks, the sandbox's and ours, advance together, so that ten minutes pass in about one. Everything is real except
the broker: what beat would dispatch is run here, in order, by one worker.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import override_settings
from django.utils import timezone

from advocacy.demo import preset, team
from advocacy.demo.logins import LOGINS
from channels.models import Channel, Connection, InboundItem
from channels.polling import polling, rereading
from channels.registry.finding_adapters import adapter_for
from mentions.ingest.batch import ingest_pending
from mentions.models import Message, MessageAlias, ThreadPost
from sandbox import launch, world

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]
TICK_S = 5
AN_HOUR_S = 3600
"""No platform's limit lasts longer, except daily quotas."""
MINUTES = 10
MAX_CATCHING_UP = 60
POSTS_A_TICK = 8
FAULTS = (("429", 0.05), ("500", 0.1), ("truncated", 0.06), ("html", 0.06), ("empty", 0.05), ("duplicates", 0.1))
BY_HAND = frozenset({"manual", "form", "statuspage"})
"""This test posts nothing to these: they are not polled, or speak for us."""


class World:
    """The sandbox and the desk, with synchronised clocks."""

    def __init__(self, outside: launch.Running, clock: time_machine.Coordinates) -> None:
        self.outside, self.clock = outside, clock
        self.polled: dict[int, list[datetime]] = {}
        self.troubles: Counter[str] = Counter()
        self.failed: Counter[int] = Counter()

    def tick(self) -> None:
        self.pass_time(TICK_S)
        self.work()

    def pass_time(self, seconds: float) -> None:
        self.outside.control("clock", advance=seconds)
        self.clock.shift(timedelta(seconds=seconds))

    def work(self) -> None:
        now = timezone.now()
        for lease in polling.due(now):
            done = polling.poll(lease.connection_id, timezone.now(), lease.token)
            self.polled.setdefault(lease.connection_id, []).append(now)
            if done.error:
                self.failed[lease.connection_id] += 1
                self.troubles[done.error[:160]] += 1
        rereading.refetch_due(timezone.now())
        while ingest_pending(500).taken:
            pass


@pytest.fixture
def pretend(tmp_path, db) -> Iterator[World]:
    with launch.start(tmp_path / "sandbox") as outside:
        ports = (outside.http_port, outside.imap_port, outside.smtp_port)
        allowed = [f"127.0.0.1:{port}" for port in ports]
        with (
            override_settings(ALLOWED_PRIVATE_HOSTS=allowed, READ_TIMEOUT_SECONDS=5),
            time_machine.travel(datetime.now(UTC), tick=True) as clock,
        ):
            _furnish(outside)
            yield World(outside, clock)


def _furnish(outside: launch.Running) -> None:
    """The whole handbook, with all channels on that the sandbox can fill."""
    access = outside.access()
    team.load({login.username: "irrelevant-1" for login in LOGINS})
    preset.load(access, now=timezone.now())
    team.connect(access)
    Channel.objects.filter(connection__is_active=True).update(is_active=True)


@contextmanager
def faults(outside: launch.Running) -> Iterator[None]:
    for kind, rate in FAULTS:
        outside.control("faults", platform="all", kind=kind, rate=rate)
    try:
        yield
    finally:
        outside.control("faults/clear")


def test_ten_minutes_with_faults(pretend: World) -> None:
    channels = Channel.objects.filter(is_active=True, connection__is_active=True)
    assert channels.count() >= 40
    platforms = sorted(set(channels.values_list("connection__platform", flat=True)) - BY_HAND)
    rng = random.Random(7)
    with faults(pretend.outside):
        for _ in range(60 * MINUTES // TICK_S):
            pretend.outside.control("bulk", count=POSTS_A_TICK, platforms=rng.sample(platforms, POSTS_A_TICK))
            pretend.tick()
    assert len(pretend.failed) > len(platforms) / 2, "the faults were on"
    starved = _starved(pretend)
    _catch_up(pretend)
    assert starved == []
    truths = {platform: pretend.outside.truth(platform) for platform in platforms}
    assert min(len(truth["mentions"]) for truth in truths.values()) > 10, "every platform was talked on"
    assert _missing(truths) == {}
    assert _doubled(truths) == {}
    assert InboundItem.objects.filter(state="failed").count() == 0, list(
        InboundItem.objects.filter(state="failed").values_list("connection__platform", "error")
    )
    assert pretend.outside.state()["overruns"] == {}


def _starved(pretend: World) -> list[str]:
    """Connections polled less often than their longest pause allows; those that failed had to wait longer."""
    found = []
    for connection in Connection.objects.filter(is_active=True).exclude(platform__in=("manual", "form")):
        longest_s = adapter_for(connection.platform).poll_interval_s[1]
        least = 1 if pretend.failed[connection.pk] else max(1, int(60 * MINUTES // (longest_s + 2 * TICK_S)))
        if len(pretend.polled.get(connection.pk, [])) < least:
            found.append(f"{connection.name}: {len(pretend.polled.get(connection.pk, []))} of {least}")
    return found


def _catch_up(pretend: World) -> None:
    """Without faults, after every limit has passed, until every connection has been polled successfully."""
    pretend.pass_time(AN_HOUR_S)
    since = timezone.now()
    Connection.objects.filter(is_active=True).update(next_poll_at=since)
    for _ in range(MAX_CATCHING_UP):
        pretend.tick()
        waiting = Connection.objects.filter(is_active=True).exclude(platform__in=("manual", "form"))
        left = [c for c in waiting if c.last_success_at is None or c.last_success_at < since or c.trouble]
        if not left:
            return
    raise AssertionError([(c.name, c.last_error) for c in left])


def _missing(truths: dict[str, dict]) -> dict[str, list[str]]:
    """Platform → posted mentions that the desk lacks; one kept as a later message of a ticket isn't missing."""
    missing: dict[str, list[str]] = {}
    for platform, truth in truths.items():
        spaces = _spaces(platform)
        known = set(Message.objects.filter(namespace__in=spaces).values_list("external_id", flat=True))
        known |= set(MessageAlias.objects.filter(namespace__in=spaces).values_list("external_id", flat=True))
        known |= set(ThreadPost.objects.filter(namespace__in=spaces).values_list("external_id", flat=True))
        lost = [entry["id"] for entry in truth["mentions"] if str(entry["id"]).strip("<>") not in _bare(known)]
        if lost:
            missing[platform] = lost
    return missing


def _bare(ids: set[str]) -> set[str]:
    return {each.strip("<>") for each in ids}


def _spaces(platform: str) -> list[str]:
    found = Message.objects.values_list("namespace", flat=True).distinct()
    return [space for space in found if space == platform or space.startswith(f"{platform}:")]


def _doubled(truths: dict[str, dict]) -> dict[str, list[str]]:
    """Platform → inbound messages under an ID that nobody posted: the same message stored again under another name."""
    doubled: dict[str, list[str]] = {}
    for platform, truth in truths.items():
        posted = _bare({str(entry["id"]) for place in ("mentions", "optional", "ours") for entry in truth[place]})
        inbound = Message.objects.filter(namespace__in=_spaces(platform), direction="in")
        strange = [each for each in inbound.values_list("external_id", flat=True) if each.strip("<>") not in posted]
        if strange:
            doubled[platform] = strange
    return doubled


def test_the_pretend_company_is_the_one_of_the_preset() -> None:
    assert preset.ACME.domain == world.DOMAIN
