"""Two weeks of history for the reports: fetched through the ordinary adapters and ingested with past dates."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta

from channels.clocks import desk_now
from channels.contract import Mention
from channels.models import Connection, Followed, InboundItem
from channels.polling import polling, rereading
from mentions.ingest.batch import ingest_pending, retry_suspect
from mentions.models import Ticket

BATCH = 2000
"""Batches are sorted by time, and pages come newest first: a batch holds most of a connection's history, so that few
tickets start with a follow-up."""
TRIES = 3
STEP = timedelta(days=3)
"""Shorter than the time a thread is followed, so each is read at least once on the way to the present."""


def replay(say: Callable[[str], None]) -> None:
    """Load the history, into an empty desk only: real mentions never have their times changed."""
    if Ticket.objects.exists():
        return
    fetch_everything(say)
    say(f"{InboundItem.objects.count()} items of history")
    ingest_everything()
    say(f"{Ticket.objects.count()} tickets; fetching their threads")
    read_threads()


def fetch_everything(say: Callable[[str], None]) -> None:
    """Poll each connection to its end."""
    for connection_id, name in Connection.objects.filter(is_active=True).values_list("pk", "name"):
        failures, more = 0, True
        while more and failures < TRIES:
            polled = polling.poll(connection_id, desk_now())
            more = polled.more or bool(polled.error)
            failures += bool(polled.error)
        if failures:
            say(f"{name}: {polled.error}")


def ingest_everything() -> None:
    """Connection by connection, each in as few batches as the locks allow."""
    for connection_id in Connection.objects.order_by("pk").values_list("pk", flat=True):
        while ingest_pending(BATCH, connection_id, now=arrival).taken:
            pass
        # On a busy machine an item may take longer than its first try allows; no worker's sweep is here to retry it.
        while retry_suspect(connection_id, now=arrival).taken:
            pass


def arrival(mention: Mention, fetched_at: datetime) -> datetime:
    """The time at which a poll would have fetched it: one to four minutes after posting, the same in every replay."""
    minutes = 1 + zlib.crc32(mention.external_id.encode()) % 180 / 60
    posted_at = mention.posted_at or fetched_at
    return min(posted_at + timedelta(minutes=minutes), desk_now())


def read_threads() -> None:
    """Read threads as the desk would have while somebody was waiting there: the only way to see answers that name
    nobody."""
    first = Followed.objects.order_by("until").values_list("until", flat=True).first()
    at = first - timedelta(seconds=1) if first else desk_now()
    while at < desk_now():
        _read_due(at)
        at += STEP
    _read_due(desk_now())


def _read_due(at: datetime) -> None:
    while rereading.refetch_due(at):
        ingest_everything()
