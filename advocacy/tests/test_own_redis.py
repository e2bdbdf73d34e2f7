"""The root conftest's guarantees for every process that runs tests."""

import os

from django.conf import settings
from django.core.cache import cache


def test_each_process_has_a_redis_number_of_its_own():
    number = os.environ["REDIS_URL"].rpartition("/")[2]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    assert number == (str(int(worker.removeprefix("gw")) + 1) if worker else "0")
    assert settings.CACHES["default"]["LOCATION"] == settings.REDIS_URL == os.environ["REDIS_URL"]
    assert cache._cache.get_client().connection_pool.connection_kwargs["db"] == int(number)
