from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import launch


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    """A sandbox for the tests of one file."""
    with launch.start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
