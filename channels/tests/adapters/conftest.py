from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from sandbox import launch


@pytest.fixture(autouse=True)
def _nobody_waits() -> None:
    """For a limit that a platform reported to another test."""
    cache.clear()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    """A sandbox for the tests of one file."""
    with launch.start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
