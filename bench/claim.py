"""Claiming: the desk's verb against equivalent raw statements, and 1,000,000 tickets against 10,000.

The yardstick is the minimum that keeps the promise: one transaction that releases one's own expired lease, then takes
the oldest ticket with `SKIP LOCKED`, with token, lease and Event. The desk's verb also applies a view's filters,
rights, hand-backs and reserved follow-ups.
"""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

from django.db import connection

from bench.data.tickets import NOW, advocate, drop, prepare, using
from bench.measure import report, sized
from mentions.queue import claims

ROUNDS = sized(400, 20)
"""A tenth of the smaller size is open, and each round takes two."""
SMALL, LARGE = sized(10_000, 2_000), sized(1_000_000, 4_000)

_RELEASE = """UPDATE mentions_ticket SET claimed_by_id = NULL, claim_token = NULL, claim_expires_at = NULL
    WHERE claimed_by_id = %(me)s AND claim_expires_at <= %(now)s"""
_CLAIM = """
WITH taken AS (
    UPDATE mentions_ticket t SET claimed_by_id = %(me)s, claim_token = gen_random_uuid(),
        claim_expires_at = %(expires)s, assignee_id = %(me)s, status = 'open'
    FROM (SELECT id FROM mentions_ticket
          WHERE is_queued AND (claimed_by_id IS NULL OR claim_expires_at <= %(now)s)
          ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) oldest
    WHERE t.id = oldest.id RETURNING t.*
), recorded AS (
    INSERT INTO mentions_event (ticket_id, at, actor_id, kind, data)
    SELECT id, %(now)s, %(me)s, 'claimed', '{}' FROM taken
)
SELECT * FROM taken"""


def run() -> bool:
    user = advocate()
    prepare("bench_small", SMALL, with_messages=False)
    prepare("bench_large", LARGE, with_messages=False)
    connection.ensure_connection()
    ours: list[float] = []
    raw: list[float] = []
    small: list[float] = []
    for number in range(-30, ROUNDS):
        with using("bench_large"):
            _ours(user)  # a different search path needs a different plan
            pair = [_ours(user), _raw(user)] if number % 2 else [_raw(user), _ours(user)][::-1]
        with using("bench_small"):
            _ours(user)
            again = _ours(user)
        if number >= 0:
            ours.append(pair[0])
            raw.append(pair[1])
            small.append(again)
    drop("bench_small", "bench_large")
    return _verdict(ours, raw, small)


def _verdict(ours: list[float], raw: list[float], small: list[float]) -> bool:
    mine, yardstick = _p95(ours), _p95(raw)
    detail = f"p95 {mine * 1e3:.2f} ms, raw {yardstick * 1e3:.2f} ms = {mine / yardstick:.2f} times (allowed: 1.5)"
    fast = report("claim, p95 of raw statements over p95 of ours", yardstick / mine, 1 / 1.5, detail)
    large, little = statistics.median(ours), statistics.median(small)
    detail = f"p50 {large * 1e3:.2f} ms, at {SMALL:,} {little * 1e3:.2f} ms = {large / little:.2f} times (allowed: 1.3)"
    return report(f"claim, p50 at {SMALL:,} over p50 at {LARGE:,}", little / large, 1 / 1.3, detail) and fast


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _ours(user: Any) -> float:
    start = time.perf_counter()
    ticket = claims.claim_next(user, None, NOW)
    taken = time.perf_counter() - start
    _put_away(ticket.pk)
    return taken


def _raw(user: Any) -> float:
    """On the same connection, with the driver only, in a separate transaction."""
    driver = connection.connection
    values = {"me": user.pk, "now": NOW, "expires": NOW + timedelta(minutes=3)}
    driver.autocommit = False
    start = time.perf_counter()
    with driver.cursor() as cursor:
        cursor.execute(_RELEASE, values)
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    driver.commit()
    taken = time.perf_counter() - start
    driver.autocommit = True
    _put_away(row[0])
    return taken


def _put_away(ticket_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mentions_ticket SET status = 'solved', claimed_by_id = NULL, claim_token = NULL,"
            " claim_expires_at = NULL WHERE id = %s",
            [ticket_id],
        )
