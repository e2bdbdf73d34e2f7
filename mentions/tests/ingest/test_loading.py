"""What ingest looks up before it writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from mentions.ingest.reading import loading
from mentions.models import Message
from mentions.tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
MANY = 3000
GIVEN = ("id", "external_id", "thread_id", "search")


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _steps(each)


def test_known_messages_are_looked_up_without_reading_the_others_before_there_are_statistics() -> None:
    """As during a first import: autovacuum hasn't come yet."""
    with connection.cursor() as cursor:  # a benchmark's test may have left statistics of an emptied table
        cursor.execute("TRUNCATE mentions_message CASCADE")
    first = MessageFactory(namespace="twitter")
    rest = {f.attname: getattr(first, f.attname) for f in Message._meta.concrete_fields if f.name not in GIVEN}
    Message.objects.bulk_create([Message(**rest, external_id=f"e{n}", thread_id=f"t{n}") for n in range(MANY)])
    names = [f"e{n}" for n in range(100)]
    params = {"namespaces": ["twitter"], "ids": names, "threads": []}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {loading._MESSAGES}", params)
        (plan,) = cursor.fetchone()
        cursor.execute(loading._MESSAGES, params)
        assert sorted(row[0] for row in cursor.fetchall()) == sorted(names)
    plan = json.loads(plan) if isinstance(plan, str) else plan
    steps = [step for step in _steps(plan[0]["Plan"]) if step.get("Relation Name") == "mentions_message"]
    read = sum((step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) * step["Actual Loops"] for step in steps)
    assert len(names) <= read <= 3 * len(names), steps
