"""A thousand connections, each due once a minute: the cost of finding, leasing, dispatching and polling them.

Simulated: the clock jumps from tick to tick like beat, the platform answers at once from memory (a real platform's
response time is waiting, which more worker processes absorb). Everything else is real: PostgreSQL, the leases, the
broker, the inbox. Each poll returns a page of known posts, every twentieth a new one.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import current_app

from bench.measure import report, sized
from channels.contract import Adapter, Author, Config, Item, Json, Mention, Page
from channels.dispatch import send_task
from channels.models import Channel, Connection
from channels.polling import polling
from channels.registry import finding_adapters

CONNECTIONS = sized(1000, 20)
MINUTES = sized(3, 1)
TICK_S = 5
PAGE = 20
NEW_EVERY = 20
SHARE_BAR = 0.5
"""One process may be busy for half of each minute: the other half is for ingest, sending and waiting."""
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Memory(Adapter):
    """Answers at once."""

    platform = "bench"
    label = "Memory"
    poll_interval_s = (55, 55)  # counted from the end of a poll, and found by the next tick: once a minute
    numbers = itertools.count()

    def namespace(self, config: Config) -> str:
        return "bench"

    def split(self, document: Any, config: Config) -> list[Item]:
        return [Item(str(post["id"]), post) for post in document]

    def parse(self, item: Item, config: Config) -> Mention | None:
        return Mention(item.external_id, item.external_id, Author("a"), START, item.payload["text"])

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        number = next(self.numbers)
        posts = [{"id": f"{place}", "text": "An already stored post of typical length."} for place in range(PAGE)]
        if number % NEW_EVERY == 0:
            posts.append({"id": f"new{number}", "text": "A new post."})
        yield Page(self.split(posts, config), {"seen": number})


def run() -> bool:
    memory: Mapping[str, Adapter] = {"bench": Memory()}
    real, finding_adapters.all_adapters = finding_adapters.all_adapters, lambda: memory  # type: ignore[assignment]
    try:
        _connections()
        minutes = [_minute(number) for number in range(-1, MINUTES)][1:]
    finally:
        finding_adapters.all_adapters = real
        current_app.control.purge()
    return _report_rate(minutes)


def _connections() -> None:
    made = Connection.objects.bulk_create(
        Connection(
            platform="bench",
            name=f"bench dispatch {number}",
            next_poll_at=START - timedelta(minutes=1, seconds=-60 * number / CONNECTIONS),
        )
        for number in range(CONNECTIONS)
    )
    Channel.objects.bulk_create(Channel(connection=c, name=c.name, slug=f"bench-{c.pk}", is_default=True) for c in made)


def _minute(number: int) -> tuple[float, float, int]:
    """(seconds spent dispatching, seconds spent polling, connections polled) in one simulated minute."""
    dispatching = spent = 0.0
    count = 0
    for tick in range(0, 60, TICK_S):
        now = START + timedelta(minutes=number, seconds=tick)
        began = time.perf_counter()
        leases = polling.due(now)
        for lease in leases:
            send_task("bench.nobody", lease.connection_id, str(lease.token))
        dispatched = time.perf_counter()
        for lease in leases:
            polling.poll(lease.connection_id, now, lease.token)
        dispatching += dispatched - began
        spent += time.perf_counter() - dispatched
        count += len(leases)
    return dispatching, spent, count


def _report_rate(minutes: list[tuple[float, float, int]]) -> bool:
    """No connection may fall behind: each is polled once every minute."""
    fewest = min(count for _, _, count in minutes)
    dispatching = statistics.median(d / count for d, _, count in minutes)
    polled = statistics.median(p / count for _, p, count in minutes)
    share = (dispatching + polled) * CONNECTIONS / 60
    detail = f"dispatch {dispatching * 1e3:.2f} ms, poll {polled * 1e3:.2f} ms each; busy for {share:.0%} of a minute"
    held = report(
        f"{CONNECTIONS:,} connections a minute, allowed share over busy share", SHARE_BAR / share, 1.0, detail
    )
    whole = report("connections polled in the slowest minute over those due", fewest / CONNECTIONS, 0.99)
    return held and whole
