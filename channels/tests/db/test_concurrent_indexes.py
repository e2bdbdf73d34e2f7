from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations import RunSQL
from django.db.migrations.state import ProjectState

from channels.db import concurrent_indexes

pytestmark = pytest.mark.django_db(transaction=True)
TABLE, NAME, COLUMN = "channels_followed", "only_of_a_test", "until"


def run(step: RunSQL, *, backwards: bool = False) -> None:
    """Outside a transaction, as a migration does."""
    state = ProjectState()
    with connection.schema_editor(atomic=False) as editor:
        (step.database_backwards if backwards else step.database_forwards)("channels", editor, state, state)


def is_valid() -> bool | None:
    """None if there is no such index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [NAME])
        row = cursor.fetchone()
    return row[0] if row else None


@pytest.fixture(autouse=True)
def interrupted():
    """An index that an interrupted run has left."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {NAME} ON {TABLE} ({COLUMN})")
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", [NAME])
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {NAME}")


def test_an_unfinished_index_makes_room_for_a_whole_one() -> None:
    run(concurrent_indexes.without_unfinished(NAME))
    assert is_valid() is None


def test_a_dropped_index_is_whole_again_after_the_way_back_however_often_it_was_interrupted() -> None:
    step = concurrent_indexes.drop(TABLE, NAME, COLUMN)
    run(step, backwards=True)
    assert is_valid() is True
    for _ in range(2):
        run(step)
        assert is_valid() is None
