"""The queue page's list, by size: the 50 oldest with author and last message, and the counts of all views.

Measures only the database and the ORM; `bench.pages` measures the page around it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.data.tickets import NOW, advocate, drop, prepare, using
from bench.measure import report, sized
from mentions.macros import presets
from mentions.models import View
from mentions.queue import paging, view_orders, view_tickets
from mentions.queue.rows import with_columns

ROUNDS = sized(60, 5)
PAGE = 50
SMALL, LARGE = sized(100_000, 12_000), sized(1_000_000, 15_000)
DEEP = 20
"""Pages before the deep one."""


def run() -> bool:
    user = advocate()
    user.get_all_permissions()
    presets.load()
    everything = View(name="all", slug="all", filters={})
    prepare("bench_small", SMALL, with_messages=True)
    prepare("bench_large", LARGE, with_messages=True)
    cursors = {schema: _deep_cursor(everything, user, schema) for schema in ("bench_small", "bench_large")}
    views = list(View.objects.filter(owner=None))
    works: dict[str, Callable[[str], Any]] = {
        "first page": lambda _schema: _page(everything, user, ""),
        "deep page": lambda schema: _page(everything, user, cursors[schema]),
        "counts": lambda _schema: view_tickets.counts(views, user, NOW),
    }
    held = [_compare(what, work) for what, work in works.items()]
    drop("bench_small", "bench_large")
    return all(held)


def _page(view: View, user: Any, cursor: str) -> list[dict[str, Any]]:
    order = view_orders.ORDERS[view_orders.order_of(view)]
    tickets = paging.after(view_tickets.tickets_in(view, user, NOW), order, cursor)
    return list(with_columns(tickets)[: PAGE + 1])


def _deep_cursor(view: View, user: Any, schema: str) -> str:
    cursor = ""
    with using(schema):
        for _ in range(DEEP):
            cursor = paging.cursor_of(_page(view, user, cursor)[PAGE - 1], view_orders.ORDERS["oldest"])
    return cursor


def _compare(what: str, work: Callable[[str], Any]) -> bool:
    taken: dict[str, list[float]] = {"bench_small": [], "bench_large": []}
    for number in range(-3, ROUNDS):
        for schema in taken if number % 2 else reversed(taken):
            with using(schema):
                start = time.perf_counter()
                work(schema)
                if number >= 0:
                    taken[schema].append(time.perf_counter() - start)
    small, large = (statistics.median(times) for times in taken.values())
    detail = f"{large * 1e3:.2f} ms, at {SMALL:,} {small * 1e3:.2f} ms = {large / small:.2f} times (allowed: 1.3)"
    return report(f"queue, {what}: {SMALL:,} over {LARGE:,}", small / large, 1 / 1.3, detail)
