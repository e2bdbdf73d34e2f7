"""Ingest of 100-item batches of Twitter and Hacker News items, from the stored payload to every row written.

The yardstick is hand-written batched SQL on psycopg2 that writes the same rows into the same tables from ready values:
only our side parses, decides and looks up. Also: a poll where everything is known already.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from psycopg2.extras import Json, execute_values

from bench import measure
from bench.data import payloads
from channels.contract import Page
from channels.inbox.leases import Row, take_pending
from channels.inbox.storing_once import store_page
from channels.models import Channel, Connection
from channels.parsing.reader import first_budget
from channels.registry.configs import source_of
from channels.signals import items_stored
from mentions.clocks import targets
from mentions.ingest.batch import ingest_pending
from mentions.ingest.reading import building, reading
from mentions.models import Message
from mentions.signals import message_ingested

BATCH = 100
ROUNDS = measure.sized(25, 2)
BAR = 0.60
KNOWN_BAR = 3.0
_names = itertools.count(1)


def connection_for(platform: str) -> Connection:
    settings = {"hackernews": {"feed": "mentions", "phrases": ["Acme"]}}.get(platform, {})
    made = Connection.objects.create(
        platform=platform, name=f"bench {platform} {timezone.now().timestamp()} {next(_names)}", settings=settings
    )
    address = "acme" if platform == "twitter" else ""
    Channel.objects.create(
        connection=made, name=made.name, slug=f"bench-ingest-{made.pk}", address=address, is_default=True
    )
    return made


def stored_batch(connection: Connection, generate: Callable[[int], dict[str, Any]]) -> Page:
    """A batch in the inbox, pending."""
    source = source_of(connection.pk)
    page = Page(source.adapter.split(generate(BATCH), source.config), None)
    if len(store_page(connection.pk, page, fetched_at=timezone.now(), source=source)) != BATCH:
        raise RuntimeError("a generated item is not new")
    return page


def ours(connection: Connection, generate: Callable[[int], dict[str, Any]]) -> float:
    stored_batch(connection, generate)
    done: list[int] = []
    elapsed = measure.seconds(lambda: done.extend(ingest_pending(BATCH, connection.pk).message_ids))
    if len(done) != BATCH:
        raise RuntimeError(f"only {len(done)} of {BATCH} items became messages")
    return elapsed


def raw(connection: Connection, generate: Callable[[int], dict[str, Any]]) -> float:
    stored_batch(connection, generate)
    before = Message.objects.count()
    with transaction.atomic():
        rows = take_pending(BATCH, connection.pk)
    at = timezone.now()
    outcome = reading.read(rows, first_budget())
    parsed = reading.sorted_out(rows, outcome, lambda mention, fetched: at).parsed
    values = [ready(each) for each in parsed]
    elapsed = measure.seconds(lambda: write_raw(rows, values))
    if Message.objects.count() - before != BATCH:
        raise RuntimeError("the yardstick did not write its rows")
    return elapsed


def ready(parsed: reading.Parsed) -> dict[str, Any]:
    row = building.message_row(parsed, parsed.channels[0].pk, 0, "in", parsed.external_id)
    return {"parsed": parsed, "row": row, "channel": parsed.channels[0], "key": parsed.keys[0]}


TICKET = """INSERT INTO mentions_ticket (channel_id, requester_id, subject, status, priority, language, waiting_on,
    wait_note, posted_at, created_at, queued_at, last_message_at, due_at, no_reply_reason) VALUES %s RETURNING id"""
COLUMNS = [
    "channel_id", "namespace", "external_id", "thread_id", "parent_external_id", "reply_to_external_id",
    "direction", "subject", "text", "html", "url", "canonical_url", "page_url", "language", "links",
    "thread_title", "is_auto", "is_deleted", "extra", "posted_at", "ingested_at", "edited_at", "deleted_at",
    "digest", "version_at", "item_id",
]  # fmt: skip
MESSAGE = f"INSERT INTO mentions_message (ticket_id, author_id, {', '.join(COLUMNS)}) VALUES %s RETURNING id"


def write_raw(rows: Sequence[Row], values: Sequence[dict[str, Any]]) -> None:
    """Nine statements for a batch, without any lookup or decision."""
    with transaction.atomic(), database.cursor() as wrapped:
        cursor = wrapped.cursor
        authors = execute_values(
            cursor,
            "INSERT INTO mentions_author (namespace, external_id, handle, name, url, is_us, first_seen_at) VALUES %s"
            " ON CONFLICT (namespace, external_id) DO UPDATE SET name = excluded.name RETURNING id",
            [_author(value) for value in values],
            page_size=BATCH,
            fetch=True,
        )
        tickets = execute_values(
            cursor,
            TICKET,
            [_ticket(v, a) for v, (a,) in zip(values, authors, strict=True)],
            page_size=BATCH,
            fetch=True,
        )
        messages = execute_values(
            cursor,
            MESSAGE,
            [_message(v, t, a) for v, (t,), (a,) in zip(values, tickets, authors, strict=True)],
            page_size=BATCH,
            fetch=True,
        )
        _write_what_hangs_on_them(cursor, values, [t for (t,) in tickets], [m for (m,) in messages])
        cursor.execute(
            "UPDATE channels_inbounditem SET state = 'stored', parsed_at = %s, error = '' WHERE id = ANY(%s)",
            [timezone.now(), [row.id for row in rows]],
        )


def _write_what_hangs_on_them(
    cursor: Any, values: Sequence[dict[str, Any]], tickets: list[int], messages: list[int]
) -> None:
    at = [value["parsed"].at for value in values]
    execute_values(
        cursor,
        "INSERT INTO mentions_threadalias (namespace, key, ticket_id) VALUES %s",
        [(v["row"]["namespace"], v["key"], t) for v, t in zip(values, tickets, strict=True)],
        page_size=BATCH,
    )
    execute_values(
        cursor,
        "INSERT INTO mentions_sighting (message_id, channel_id, at) VALUES %s",
        [(m, v["channel"].pk, when) for v, m, when in zip(values, messages, at, strict=True)],
        page_size=BATCH,
    )
    execute_values(
        cursor,
        "INSERT INTO mentions_event (ticket_id, at, kind, data) VALUES %s",
        [(t, when, "created", "{}") for t, when in zip(tickets, at, strict=True)],
        page_size=BATCH,
    )
    followed = {v["row"]["thread_id"]: v for v in values}
    execute_values(
        cursor,
        "INSERT INTO channels_followed"
        " (connection_id, namespace, thread_id, until, next_at, interval_s, last_error, known)"
        " VALUES %s ON CONFLICT (connection_id, thread_id) DO UPDATE SET until = excluded.until",
        [
            (v["parsed"].feed.connection_id, v["row"]["namespace"], thread, at[0], at[0], 120, "", [])
            for thread, v in followed.items()
        ],
        template="(%s, %s, %s, %s, %s, %s, %s, %s::varchar[])",
        page_size=BATCH,
    )


def _author(value: dict[str, Any]) -> tuple[Any, ...]:
    author = value["parsed"].author
    return (
        value["row"]["namespace"],
        author.id,
        author.handle or "",
        author.name or "",
        author.url or "",
        False,
        value["parsed"].at,
    )


def _ticket(value: dict[str, Any], author: int) -> tuple[Any, ...]:
    row, channel, at = value["row"], value["channel"], value["row"]["posted_at"]
    due = at + timedelta(minutes=targets.target_minutes(channel.target_minutes, channel.priority))
    subject = building.subject_of(row)
    created = value["parsed"].at
    return (channel.pk, author, subject, "new", 20, row["language"], "", "", at, created, at, at, due, "")


def _message(value: dict[str, Any], ticket: int, author: int) -> tuple[Any, ...]:
    row = value["row"]
    adapted = {**row, "links": Json(row["links"]), "extra": Json(row["extra"])}
    return (ticket, author, *(adapted[name] for name in COLUMNS))


def known_poll(connection: Connection, generate: Callable[[int], dict[str, Any]]) -> measure.Pairs:
    """A whole poll (store and ingest) of new items against the same poll of known items."""
    source = source_of(connection.pk)

    def poll(document: dict[str, Any]) -> None:
        page = Page(source.adapter.split(document, source.config), None)
        store_page(connection.pk, page, fetched_at=timezone.now(), source=source)
        ingest_pending(BATCH, connection.pk)

    known = generate(BATCH)
    poll(known)
    return measure.pairs(
        lambda: measure.seconds(lambda: poll(known)),
        lambda: _timed(poll, generate(BATCH)),
        ROUNDS,
    )


def silence() -> None:
    """Compare rows with rows: turn off nudges to the broker, which the yardstick doesn't send."""
    for signal in (items_stored, message_ingested):
        signal.receivers = []
        signal.sender_receivers_cache.clear()


def _timed(poll: Callable[[dict[str, Any]], None], document: dict[str, Any]) -> float:
    return measure.seconds(lambda: poll(document))


def run() -> bool:
    """Prints a line for each platform and question; returns whether all bars hold."""
    holds = True
    heard = items_stored.receivers, message_ingested.receivers
    silence()
    try:
        return _run(holds)
    finally:
        items_stored.receivers, message_ingested.receivers = heard


def _run(holds: bool) -> bool:
    for platform, generate in (("twitter", payloads.twitter), ("hackernews", payloads.hackernews)):
        connection = connection_for(platform)
        result = measure.pairs(
            lambda c=connection, g=generate: ours(c, g),  # type: ignore[misc]
            lambda c=connection, g=generate: raw(c, g),  # type: ignore[misc]
            ROUNDS,
        )
        mine, other = result.medians
        rates = f"{BATCH / mine:,.0f}/s, raw {BATCH / other:,.0f}/s"
        holds &= measure.report(f"ingest of {BATCH} {platform} items, parsing included", result.ratio, BAR, rates)
        known = known_poll(connection, generate)
        mine, other = known.medians
        rates = f"{BATCH / mine:,.0f}/s, new {BATCH / other:,.0f}/s"
        holds &= measure.report(f"poll of {BATCH} known {platform} items against new", known.ratio, KNOWN_BAR, rates)
    return holds


if __name__ == "__main__":
    sys.exit(not run())
