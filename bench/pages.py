"""The queue page and the play page against a minimal logged-in Django page: medians of interleaved pairs, in process.

The minimal page is Django's own cost: session, user, one small template through the same middleware. Bars: queue page
within 7 times that, play page with its claim within 8 times; the queue page at 1,000,000 tickets within 1.3 times that
at 100,000.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from bench import measure

QUEUE_BAR = 7.0
PLAY_BAR = 8.0
GROWTH_BAR = 1.3
ROUNDS = measure.sized(60, 3)
SMALL, LARGE = measure.sized(100_000, 2_000), measure.sized(1_000_000, 3_000)

_TICKETS = """
WITH made AS (
    INSERT INTO mentions_ticket (channel_id, requester_id, subject, status, priority, language, waiting_on, wait_note,
        posted_at, created_at, queued_at, last_message_at, due_at, no_reply_reason)
    SELECT (%(channels)s::bigint[])[1 + n %% array_length(%(channels)s::bigint[], 1)],
           (%(authors)s::bigint[])[1 + n %% array_length(%(authors)s::bigint[], 1)],
           'Does the new runner work behind a proxy, number ' || n, CASE WHEN n %% 10 = 0 THEN 'new' ELSE 'solved' END,
           20, '', '', '', at, at, at, at, CASE WHEN n %% 10 = 0 THEN at + interval '7 hours' END, ''
    FROM (SELECT n, %(now)s::timestamptz - make_interval(secs => n) AS at
          FROM generate_series(%(first)s::int, %(last)s::int) n) numbers
    RETURNING id, channel_id, requester_id, subject, posted_at
)
INSERT INTO mentions_message (ticket_id, channel_id, author_id, namespace, external_id, thread_id, parent_external_id,
    reply_to_external_id, direction, subject, text, html, url, canonical_url, page_url, language,
    links, thread_title, is_auto, is_deleted,
    extra, posted_at, ingested_at, version_at, digest)
SELECT id, channel_id, requester_id, 'twitter', 'bench' || id, 'bench' || id, '', '', 'in', '',
    subject || '. The docs only say "supported"; our proxy wants NTLM and the runner hangs at registration since 4.2.',
    '', 'https://twitter.example/' || id, 'twitter.example/' || id, '', 'en', '[]', '', false, false,
    '{}', posted_at, posted_at, posted_at, '\\x00'
FROM made
"""


def run() -> bool:
    return Pages().run()


class Pages:
    """One client, logged in as an advocate; its three pages are requested in turn, so drift affects all of them."""

    def __init__(self) -> None:
        from django.conf import settings
        from django.test import Client
        from django.urls import path

        from advocacy import urls
        from mentions.tests.factories import UserFactory, ViewFactory

        settings.ALLOWED_HOSTS = ["testserver"]
        urls.urlpatterns.insert(0, path("bench-minimal/", minimal))
        self.user = UserFactory(username="bench", role="advocate")
        self.client = Client()
        self.client.force_login(self.user)
        for number, name in enumerate(("Everything", "Overdue", "High", "Mine", "Parked", "Twitter")):
            filters = ({}, {"overdue": True}, {"priority_min": 30}, {"assignee": "me"}, {"parked": True}, {})[number]
            ViewFactory(name=name, slug=name.lower(), filters=filters, position=number)
        self.made = 0

    def run(self) -> bool:
        self.fill(SMALL)
        queue, play, minimal_s = self.medians()
        print(f"pages: minimal page {minimal_s * 1000:.2f} ms, {SMALL:,} tickets")
        held = [
            measure.report_at_most("queue page / minimal page", queue / minimal_s, QUEUE_BAR),
            measure.report_at_most("play page with claim / minimal page", play / minimal_s, PLAY_BAR),
        ]
        self.fill(LARGE)
        larger, _play, _minimal = self.medians()
        held.append(measure.report_at_most(f"queue page at {LARGE:,} / at {SMALL:,}", larger / queue, GROWTH_BAR))
        return all(held)

    def fill(self, count: int) -> None:
        """Tickets up to `count`, a tenth of them waiting, each with a message."""
        from django.db import connection
        from django.utils import timezone

        if not self.made:
            self.prepare()
        with connection.cursor() as cursor:
            for first in range(self.made + 1, count + 1, 50_000):
                last = min(first + 49_999, count)
                cursor.execute(
                    _TICKETS,
                    {
                        "channels": self.channels,
                        "authors": self.authors,
                        "now": timezone.now(),
                        "first": first,
                        "last": last,
                    },
                )
            cursor.execute("ANALYZE mentions_ticket, mentions_message")
        self.made = count

    def prepare(self) -> None:
        from mentions.tests.factories import AuthorFactory, ChannelFactory, ConnectionFactory

        connection = ConnectionFactory(platform="twitter")
        channels = [ChannelFactory(connection=connection, address=f"acme{n}", rank=n) for n in range(4)]
        self.channels = [channel.pk for channel in channels]
        self.authors = [AuthorFactory(namespace="twitter", name=f"Author {n}").pk for n in range(500)]

    def medians(self) -> tuple[float, float, float]:
        """(queue, play, minimal) in seconds."""
        from advocacy.monitoring import heartbeats

        pages: list[Callable[[], Any]] = [
            lambda: self.client.get("/queue/everything/"),
            lambda: self.client.get("/play/everything/"),
            lambda: self.client.get("/bench-minimal/"),
        ]
        heartbeats.mark(heartbeats.parts())  # as in a healthy desk; else each page asks when a part was first missed
        taken: list[list[float]] = [[], [], []]
        for number in range(ROUNDS + 5):
            self.clear_claim()
            for page, times in zip(pages, taken, strict=True):
                began = time.perf_counter()
                response = page()
                elapsed = time.perf_counter() - began
                assert response.status_code == 200, response.status_code
                if number >= 5:  # the first rounds compile templates and warm the caches
                    times.append(elapsed)
        return statistics.median(taken[0]), statistics.median(taken[1]), statistics.median(taken[2])

    def clear_claim(self) -> None:
        """Release the claim, so that every play page makes a new one."""
        from mentions.models import Ticket

        Ticket.objects.filter(claimed_by=self.user).update(
            claimed_by=None, claim_token=None, claim_expires_at=None, status="solved", assignee=None
        )


def minimal(request: Any) -> Any:
    """The minimum cost of a logged-in Django page: a session, a user, one small template."""
    from django.http import HttpResponse

    return HttpResponse(_minimal_template().render({"user": request.user, "at": timedelta(0)}, None))


@cache
def _minimal_template() -> Any:
    from django.template import engines

    return engines["django"].from_string("<!doctype html><title>{{ user }}</title><p>{{ at }}</p>")
