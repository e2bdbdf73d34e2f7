"""What ingest looks up before it writes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from channels.tests.plans import empty_without_statistics, rows_read
from mentions.ingest.reading import loading
from mentions.models import Message
from mentions.tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
MANY = 3000
GIVEN = ("id", "external_id", "thread_id", "search")


@pytest.fixture(autouse=True)
def no_statistics() -> None:
    """As during a first import: autovacuum hasn't come yet."""
    empty_without_statistics("mentions_message")


def _many(**values: Any) -> Message:
    """One message, and `MANY` more like it, e0, e1, …, in threads t0, t1, … unless the values name one."""
    first = MessageFactory(namespace="twitter", **values)
    alike = {f.attname: getattr(first, f.attname) for f in Message._meta.concrete_fields if f.name not in GIVEN}
    threads = [values.get("thread_id", f"t{n}") for n in range(MANY)]
    Message.objects.bulk_create(
        Message(**alike, external_id=f"e{n}", thread_id=thread) for n, thread in enumerate(threads)
    )
    return first


def _indexes() -> list[str]:
    return [index.name for index in Message._meta.indexes]


def _looked_up(ids: list[str], threads: list[str]) -> tuple[list[str], int]:
    """The ids found, and how many rows of messages were read for them."""
    params = {"namespaces": ["twitter"], "ids": ids, "threads": threads}
    read = rows_read(loading._MESSAGES, params, "mentions_message")
    with connection.cursor() as cursor:
        cursor.execute(loading._MESSAGES, params)
        found = sorted(row[0] for row in cursor.fetchall())
    return found, read


def test_known_messages_are_looked_up_without_reading_the_others() -> None:
    _many()
    ids = [f"e{n}" for n in range(100)]
    found, read = _looked_up(ids, [])
    assert found == sorted(ids)
    assert len(ids) <= read <= 3 * len(ids)


@pytest.mark.parametrize("index", _indexes())
def test_no_index_made_anew_misleads_the_lookup(index: str) -> None:
    """Of two indexes that cost the same, the planner takes the newer one: after a restore, that may be any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index])
        (definition,) = cursor.fetchone()
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; DROP INDEX {index}; {definition}")
    _many()
    _found, read = _looked_up([f"e{n}" for n in range(100)], [])
    assert read <= 300


def test_what_waits_in_a_busy_thread_is_looked_up_without_reading_the_thread() -> None:
    answered = _many(thread_id="busy")
    MessageFactory(namespace="twitter", external_id="waits", thread_id="busy", author=answered.author, ticket=None)
    found, read = _looked_up([], ["busy"])
    assert found == ["waits"]
    assert read <= 3
