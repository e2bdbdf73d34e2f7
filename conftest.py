"""A separate PostgreSQL and Redis for each pytest session, started before Django's settings are read.

Started at import and not in a fixture: the settings, and the apps' conftest files that import models, need the
addresses. With xdist the controller starts both and its workers inherit the addresses: a database (by pytest-django)
and a Redis number for each. `DESK_TEST_DATABASE_URL` and `DESK_TEST_REDIS_URL` name servers to use instead.
"""

import atexit
import gc
import math
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
import pytest
from django.db.models.signals import post_migrate
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from advocacy.tests.dispositions import hear_for_children

ROOT = Path(__file__).resolve().parent

pytest_plugins = ["advocacy.tests.second_try"]

# How fast the machine is, is no matter of a test.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")

KEYS = {
    "DESK_SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "DESK_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OS1hYmNkZWY=",
    "DESK_ALLOWED_PRIVATE_HOSTS": "127.0.0.1,localhost",
    "DESK_ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "DESK_LOG_LEVEL": "WARNING",
    "DESK_SECOND_FACTOR_ROLES": "none",
}


NO_STATISTICS = {"autovacuum": "off"}
"""Tests roll back what they write, and autovacuum finds empty tables. One test of 500 cases took PostgreSQL 146 s of
CPU after other tests and 6 s by itself; what is believed empty is read whole for each row of another table."""


def start_services() -> None:
    """Sets DATABASE_URL and REDIS_URL to servers that end with this process, however it ends."""
    from advocacy.embedded.postgres import PostgresServer
    from advocacy.embedded.redis import RedisServer

    if not os.environ["DATABASE_URL"]:
        postgres = PostgresServer.temporary(NO_STATISTICS)
        postgres.start()
        atexit.register(postgres.stop)
        os.environ["DATABASE_URL"] = postgres.url
    if not os.environ["REDIS_URL"]:
        redis = RedisServer()
        redis.start()
        atexit.register(redis.stop)
        os.environ["REDIS_URL"] = redis.url


def make_room_for_a_migrated_server() -> None:
    """For `advocacy.tests.migrated`; xdist's workers share it."""
    from advocacy.tests import migrated

    os.environ[migrated.FOLDER] = folder = migrated.new_folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def use_own_redis_number(worker: str) -> None:
    """xdist's workers (gw0, gw1, …) share the server, not the keys."""
    address, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{address}/{int(worker.removeprefix('gw')) + 1}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from advocacy.tests.spreading import ByGroup

    return ByGroup(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Nothing that is made meanwhile is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Modules and collected tests stay until the end: the garbage collector need not go through them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


hear_for_children()
os.environ.update(KEYS)
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    use_own_redis_number(worker)
else:
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ[name] = os.environ.get(f"DESK_TEST_{name}", "")
    start_services()
    make_room_for_a_migrated_server()
os.environ["DJANGO_SETTINGS_MODULE"] = "advocacy.settings"
django.setup()
# Not for xdist's workers: pytest-django would read the settings there before this file has named their Redis number.
del os.environ["DJANGO_SETTINGS_MODULE"]


def let_tests_empty_the_audit_log(using: str, **_: Any) -> None:
    """Tests that commit empty all tables afterwards, which the audit log refuses but for this."""
    from django.db import connections

    with connections[using].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = 'audit_entry_no_truncate'")
        if cursor.fetchone():
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_truncate")


post_migrate.connect(let_tests_empty_the_audit_log, dispatch_uid="tests.audit")


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashing a password well takes a good part of a second, and thousands of people are made here."""
    from django.test.utils import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_static_files() -> Iterator[None]:
    """Each client of a test builds the middleware anew, which looks at every static file: 0.04 s for each of
    thousands."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    from advocacy.tests.static_files_once import StaticFilesOnce

    once = StaticFilesOnce(WhiteNoiseMiddleware.add_files_from_finders)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", lambda middleware: once(middleware))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    from django.test import TransactionTestCase

    from advocacy.tests.emptying import Emptying

    emptying = Emptying(TransactionTestCase._fixture_teardown)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: emptying(case))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_migrations() -> Iterator[None]:
    from advocacy.tests import copied_database, quick_migrations

    with pytest.MonkeyPatch.context() as patch:
        quick_migrations.install(patch)
        copied_database.install(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def preparing_is_not_counted() -> Iterator[None]:
    """A connection prepares a statement once. Whether that falls to a test that counts queries depends on what ran
    before it in its process."""
    from django.test.utils import CaptureQueriesContext

    once, every = ("PREPARE ", "SET plan_cache_mode"), vars(CaptureQueriesContext)["captured_queries"].fget
    with pytest.MonkeyPatch.context() as patch:
        counted = property(lambda capture: [q for q in every(capture) if not q["sql"].startswith(once)])
        patch.setattr(CaptureQueriesContext, "captured_queries", counted)
        yield


@pytest.fixture(scope="session", autouse=True)
def workers_are_seen() -> Iterator[None]:
    """No beat and no worker runs beside most tests; `advocacy/tests/test_standing.py` looks for them all the same."""
    from advocacy.monitoring import standing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standing, "silent_parts", list)
        yield


@pytest.fixture(scope="session", autouse=True)
def clock_of_the_process() -> Iterator[None]:
    """Tests travel in time, and the database does not. `channels/tests/test_clocks.py` asks it all the same."""
    from channels import clocks

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "ask_database", lambda: None)
        yield


@pytest.fixture
def stop_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Stops the desk's clock at a time, for pages, tasks and permissions alike. Without it `desk_now` is today."""
    from channels import clocks

    def stop(now: datetime) -> None:
        monkeypatch.setattr(clocks, "_reading", SimpleNamespace(now_s=now.timestamp))
        monkeypatch.setattr(clocks, "_ask_at_s", math.inf)

    return stop


@pytest.fixture(scope="session")
def emptied_cache() -> Callable[[], None]:
    from advocacy.tests.emptied_cache import EmptiedCache

    return EmptiedCache()


@pytest.fixture(autouse=True)
def empty_cache(emptied_cache: Callable[[], None]) -> None:
    """Nobody has failed to log in yet, and no platform has asked anybody to wait. What one test leaves in the cache the
    next must not find: which tests share a process differs from run to run."""
    emptied_cache()
