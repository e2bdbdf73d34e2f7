"""One PostgreSQL and one Redis of its own for each pytest session, started before Django's settings are read.

Read at import and not in a fixture: settings, and conftest files of the apps that import models, need the addresses.
With xdist the controller starts both and its workers inherit the addresses: a database (by pytest-django) and a Redis
number for each. `DESK_TEST_DATABASE_URL` and `DESK_TEST_REDIS_URL` name servers to use instead.
"""

import atexit
import os
from collections.abc import Iterator

import django
import pytest

KEYS = {
    "DESK_SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "DESK_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OS1hYmNkZWY=",
    "DESK_ALLOWED_PRIVATE_HOSTS": "127.0.0.1,localhost",
    "DESK_ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "DESK_LOG_LEVEL": "WARNING",
}


def start_services() -> None:
    """Sets DATABASE_URL and REDIS_URL to servers that end with this process, however it ends."""
    from advocacy.embedded.postgres import PostgresServer
    from advocacy.embedded.redis import RedisServer

    if not os.environ["DATABASE_URL"]:
        postgres = PostgresServer.temporary()
        postgres.start()
        atexit.register(postgres.stop)
        os.environ["DATABASE_URL"] = postgres.url
    if not os.environ["REDIS_URL"]:
        redis = RedisServer()
        redis.start()
        atexit.register(redis.stop)
        os.environ["REDIS_URL"] = redis.url


def use_own_redis_number(worker: str) -> None:
    """xdist's workers (gw0, gw1, …) share the server, not the keys."""
    address, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{address}/{int(worker.removeprefix('gw')) + 1}"


os.environ.update(KEYS)
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    use_own_redis_number(worker)
else:
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ[name] = os.environ.get(f"DESK_TEST_{name}", "")
    start_services()
os.environ["DJANGO_SETTINGS_MODULE"] = "advocacy.settings"
django.setup()
# Not for xdist's workers: pytest-django would read the settings there before this file has named their Redis number.
del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashing a password well takes a good part of a second, and thousands of people are made here."""
    from django.test.utils import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield
