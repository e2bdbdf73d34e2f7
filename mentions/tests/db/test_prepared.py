"""Statements that a connection prepares once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentions.db import prepared

pytestmark = pytest.mark.django_db


def _is_prepared(sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%{sql}%"])
        return bool(cursor.fetchone()[0])


def test_preparing_a_statement_is_not_counted_as_a_query() -> None:
    assert not _is_prepared("AS only_of_this_test")
    with CaptureQueriesContext(connection) as captured:
        for number in (1, 2):
            assert prepared.run("SELECT %(number)s AS only_of_this_test", {"number": number}) == [(number,)]
    assert _is_prepared("AS only_of_this_test")
    assert len(captured) == 2
