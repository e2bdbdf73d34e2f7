"""A short form of `script/hostile`: 300 corrupted items, from every platform, through the real inbox and ingest."""

from __future__ import annotations

import random
import time

import pytest

from bench import hostile
from channels.parsing import reader
from channels.tests.poisoning import poisoned

ITEMS = 300
POISON_EVERY = 10


@pytest.mark.django_db
def test_no_hostile_item_stops_the_desk_and_none_is_lost_or_doubled(settings, monkeypatch) -> None:
    settings.PARSE_SECONDS, settings.PARSE_MEMORY_MB = 1, 128
    monkeypatch.setattr(reader, "WALL_S", 1.0)
    seed = random.randrange(10**6)
    with poisoned():
        began = time.monotonic()
        fed = hostile.feed(ITEMS, seed, poison_every=POISON_EVERY)
        hostile.drain()
    report = hostile.judge(fed, began)
    assert report.problems == [], (seed, list(report.lines()))
    assert report.stand_ins >= fed // POISON_EVERY - len(report.states)
    assert report.states["stored"] > fed / 10
