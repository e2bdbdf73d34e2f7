"""Each xdist worker's test database is a copy of the one migrated by the first: migrating takes ten seconds of
processor time, copying a tenth of a second."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.base.creation import BaseDatabaseCreation

from advocacy.tests.migrated import FOLDER, alone

COPY = "desk_migrated"


def install(patch: pytest.MonkeyPatch) -> None:
    """Does nothing if an external server is used, or one process runs all tests."""
    if FOLDER in os.environ and "PYTEST_XDIST_WORKER" in os.environ and "DESK_TEST_DATABASE_URL" not in os.environ:
        patch.setattr(BaseDatabaseCreation, "create_test_db", _copying(BaseDatabaseCreation.create_test_db))


def _copying(whole: Callable[..., Any]) -> Callable[..., Any]:
    def create_test_db(creation: Any, *args: Any, **kwargs: Any) -> Any:
        folder = Path(os.environ[FOLDER])
        done = folder / "copied"
        with alone(folder / "copying"):
            if not done.exists():
                name = whole(creation, *args, **kwargs)
                creation.connection.close()  # PostgreSQL doesn't copy a database with open connections
                with creation._nodb_cursor() as cursor:
                    cursor.execute(f'CREATE DATABASE "{COPY}" TEMPLATE "{name}"')
                done.touch()
                return name
            creation.connection.settings_dict["TEST"]["TEMPLATE"] = COPY
            return whole(creation, *args, **kwargs)

    return create_test_db
