"""The overview and its roll-ups at 1,000,000 tickets.

The tickets of the first part lie within the overview's 30 days, so every one of them is in its figures. The second part
spreads as many over a year; a refresh recounts two days of it. Bars: the page within 3 times the minimal logged-in
Django page while it is cached (it is rebuilt after 20 seconds or a refresh; the detail says how long that takes); the
medians of 30 days per channel within 5 ms; two days refreshed within 50 ms; all days built within 60 s.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import measure
from bench.pages import minimal

PAGE_BAR = 3.0
MEDIANS_BAR_MS, REFRESH_BAR_MS, BUILD_BAR_S = 5.0, 50.0, 60.0
TALLY_BAR_MS = 500.0
"""For the tallies of messages, replies and events: counted after the overview's figures, in a separate transaction."""
COUNT = measure.sized(1_000_000, 5_000)
ROUNDS = measure.sized(60, 3)
PAGE = "/reports/overview/"
ZONE = "UTC"

_TICKETS = """
INSERT INTO mentions_ticket (channel_id, requester_id, subject, status, priority, language, waiting_on, wait_note,
    posted_at, created_at, queued_at, last_message_at, due_at, first_reply_at, solved_at, no_reply_reason)
SELECT (%(channels)s::bigint[])[1 + n %% array_length(%(channels)s::bigint[], 1)], %(author)s, 'Question ' || n,
       CASE WHEN n %% 20 = 0 THEN 'new' ELSE 'solved' END, CASE WHEN n %% 5 = 0 THEN 30 ELSE 20 END, '', '', '',
       at, at + interval '40 seconds', at, at, CASE WHEN n %% 20 = 0 THEN at + interval '7 hours' END,
       CASE WHEN n %% 20 > 2 THEN at + interval '1 second' * (60 + (n::bigint * 7919) %% 40000) END,
       CASE WHEN n %% 20 > 0 THEN at + interval '12 hours' END, CASE WHEN n %% 20 IN (1, 2) THEN 'praise' ELSE '' END
FROM (SELECT n, %(now)s::timestamptz - make_interval(secs => n * %(apart_s)s::double precision) AS at
      FROM generate_series(%(first)s::int, %(last)s::int) n) numbers
"""

_ONE_EACH = """
SELECT array_agg(id) FROM (
    SELECT DISTINCT ON (channel_id, posted_at::date) id FROM mentions_ticket
     WHERE posted_at >= %s AND first_reply_at IS NOT NULL ORDER BY channel_id, posted_at::date, posted_at) first
"""
_LATER = "UPDATE mentions_ticket SET first_reply_at = first_reply_at + interval '1 second' WHERE id = ANY(%s)"


def run() -> bool:
    return Figures().run()


class Figures:
    def __init__(self) -> None:
        from django.conf import settings
        from django.test import Client
        from django.urls import path

        from advocacy import urls
        from mentions.people import roles
        from mentions.tests.factories import AuthorFactory, ChannelFactory, ConnectionFactory, UserFactory

        settings.ALLOWED_HOSTS = ["testserver"]
        urls.urlpatterns.insert(0, path("bench-minimal/", minimal))
        roles.ensure()
        connection = ConnectionFactory(platform="twitter")
        self.channels = [ChannelFactory(connection=connection, address=f"acme{n}", rank=n).pk for n in range(8)]
        self.author = AuthorFactory(namespace="twitter").pk
        self.client = Client()
        self.client.force_login(UserFactory(username="bench", role="advocate"))
        self.now = datetime.now(UTC)

    def run(self) -> bool:
        self.fill(30)
        held = [self.build("within 30 days"), self.page(), self.medians()]
        self.empty()
        self.fill(365)
        held += [self.build("over a year"), self.refresh()]
        return all(held)

    def fill(self, days: int) -> None:
        """COUNT tickets over so many days up to now."""
        from django.db import connection

        apart_s = days * 86_400 / COUNT * 0.999
        with connection.cursor() as cursor:
            for first in range(1, COUNT + 1, 50_000):
                values = {"first": first, "last": min(first + 49_999, COUNT), "apart_s": apart_s, "now": self.now}
                cursor.execute(_TICKETS, {**values, "channels": self.channels, "author": self.author})
            cursor.execute("TRUNCATE metrics_changedhour; ANALYZE mentions_ticket")

    def empty(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cells = ("metrics_daycount", "metrics_daytimes", "metrics_daytally")
            notes = ("metrics_changedhour", "metrics_changedticket")
            cursor.execute(f"TRUNCATE {', '.join(('mentions_ticket', *notes, *cells))} CASCADE")

    def build(self, what: str) -> bool:
        from metrics.rollups import keeping

        taken = measure.seconds(lambda: keeping.build(ZONE))
        detail = f"{taken:.1f} s"
        return measure.report_at_most(
            f"build {COUNT:,} tickets {what} / {BUILD_BAR_S:.0f} s", taken / BUILD_BAR_S, 1, detail
        )

    def page(self) -> bool:
        from django.core.cache import cache

        from advocacy.monitoring import heartbeats

        heartbeats.mark(heartbeats.parts())  # or every page would ask when each of them was first missed
        pages: list[Callable[[], Any]] = [lambda: self.client.get(PAGE), lambda: self.client.get("/bench-minimal/")]
        cache.clear()
        made_s = measure.seconds(pages[0])
        taken: list[list[float]] = [[], []]
        for number in range(ROUNDS + 5):
            for page, times in zip(pages, taken, strict=True):
                began = time.perf_counter()
                assert page().status_code == 200
                if number >= 5:  # the first rounds compile templates and warm the caches
                    times.append(time.perf_counter() - began)
        ours, least = (statistics.median(times) for times in taken)
        detail = f"{ours * 1e3:.2f} ms, minimal {least * 1e3:.2f} ms; uncached in {made_s * 1e3:.0f} ms"
        return measure.report_at_most(f"overview at {COUNT:,} / minimal page", ours / least, PAGE_BAR, detail)

    def medians(self) -> bool:
        from metrics.models import DayTimes
        from metrics.periods import named
        from metrics.rollups.reading import Scope

        scope, period = Scope(ZONE, self.channels), named("30d", self.now.date())
        read = lambda: scope.medians(period, DayTimes.Measure.POSTED)  # noqa: E731
        assert len(read()) >= 30 * len(self.channels) * 0.9
        return self._within("medians of 30 days per channel", read, MEDIANS_BAR_MS)

    def refresh(self) -> bool:
        """Two changed days, as after a poll that touched every channel: of each day and channel one ticket was answered
        a second later, so that its cells differ. What changes them is not timed, nor is the note of it: on a real desk
        that is part of the tickets' own commits."""
        from django.db import connection

        from metrics.rollups import keeping

        notes = [(channel, self.now - timedelta(days=days)) for channel in self.channels for days in (0, 1)]
        with connection.cursor() as cursor:
            cursor.execute(_ONE_EACH, [self.now.date() - timedelta(days=1)])
            ((changed,),) = cursor.fetchall()

        def note() -> None:
            with connection.cursor() as cursor:
                cursor.execute(_LATER, [changed])
                cursor.execute("TRUNCATE metrics_changedhour, metrics_changedticket")
                cursor.executemany("INSERT INTO metrics_changedhour (channel_id, at) VALUES (%s, %s)", notes)

        def work() -> None:
            assert keeping.recount() == len(notes)

        def work_on() -> None:
            assert keeping.retally() == len(notes)

        held = self._within("two days refreshed", work, REFRESH_BAR_MS, before=note)
        keeping.retally()
        more = self._within("two days tallied", work_on, TALLY_BAR_MS, before=lambda: (note(), work()))
        return held and more

    def _within(
        self, what: str, work: Callable[[], object], bar_ms: float, before: Callable[[], object] = lambda: None
    ) -> bool:
        """`before` each round, untimed."""
        times = []
        for _ in range(ROUNDS + 2):
            before()
            times.append(measure.seconds(work))
        del times[:2]
        taken_ms = statistics.median(times) * 1e3
        return measure.report_at_most(f"{what} / {bar_ms:.0f} ms", taken_ms / bar_ms, 1, f"{taken_ms:.2f} ms")
