from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _nobody_waits() -> None:
    """For a limit that a platform reported to another test."""
    cache.clear()
