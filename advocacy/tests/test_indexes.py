"""The tables that every mention writes to have no index that another one covers: each row is written into all of
them, and again with each change of it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

WRITTEN = (
    *("channels_followed", "channels_inbounditem", "channels_outbounditem"),
    *("mentions_attachment", "mentions_author", "mentions_event", "mentions_message", "mentions_messagealias"),
    *("mentions_reply", "mentions_sighting", "mentions_threadalias", "mentions_threadpost", "mentions_ticket"),
)
ALL = """
    SELECT c.relname, i.indrelid::regclass::text, i.indisunique OR i.indisprimary,
        ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) n),
        coalesce(pg_get_expr(i.indpred, i.indrelid), ''), i.indclass::oid[]::int[]
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am ON pg_am.oid = c.relam
    WHERE i.indrelid::regclass::text = ANY(%s) AND amname = 'btree'
"""


class Index(NamedTuple):
    name: str
    table: str
    is_unique: bool
    columns: list[str]
    condition: str
    classes: list[int]
    """The operators of each column: an index for LIKE finds what no other does."""

    @property
    def has_nulls(self) -> bool:
        return self.condition != f"({self.columns[0]} IS NOT NULL)"


def indexes() -> list[Index]:
    with connection.cursor() as cursor:
        cursor.execute(ALL, [list(WRITTEN)])
        return [Index(*row) for row in cursor.fetchall()]


def covers(other: Index, index: Index) -> bool:
    """`other` finds what `index` finds: it begins with the same columns, and leaves nothing out but empty values."""
    count = len(index.columns)
    begins_alike = (other.columns[:count], other.classes[:count]) == (index.columns, index.classes[:count])
    if other.table != index.table or other == index or not begins_alike:
        return False
    same = other.columns == index.columns and other.condition == index.condition
    if same and not other.is_unique:
        return other.name < index.name  # one of two twins goes
    return other.condition in ("", index.condition) or (count == 1 and not other.has_nulls)


def is_selective(index: Index) -> bool:
    """Partial indexes of a few rows among many have their own right to be."""
    return index.condition != "" and index.has_nulls


def test_no_index_is_covered_by_another() -> None:
    found = indexes()
    assert {index.table for index in found} == set(WRITTEN)
    covered = {
        f"{index.name}: by {other.name}"
        for index in found
        if not index.is_unique and not is_selective(index)
        for other in found
        if covers(other, index)
    }
    assert covered == set()


def test_what_is_empty_for_most_tickets_has_no_entries_for_them() -> None:
    """A claim and an outcome write each index of the ticket anew."""
    mostly_empty = ("first_reply_message_id", "merged_into_id", "follow_up_of_id")
    of = {
        column: [i for i in indexes() if i.table == "mentions_ticket" and i.columns == [column]]
        for column in mostly_empty
    }
    assert {column: [index.condition for index in found] for column, found in of.items()} == {
        column: [f"({column} IS NOT NULL)"] for column in mostly_empty
    }
