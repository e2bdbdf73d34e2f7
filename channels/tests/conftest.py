from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine

from channels.registry import finding_adapters
from channels.tests.fakes import FakeAdapter, MailLike


@pytest.fixture(autouse=True)
def _no_later_than_the_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where NOW is the time at which its module was read, each test begins then, however late in a long run it is."""
    now = getattr(request.module, "NOW", None)
    at = now.timestamp() if isinstance(now, datetime) else now
    if isinstance(at, int | float) and 0 <= time.time() - at < 86_400:
        with time_machine.travel(at, tick=True):
            yield
    else:
        yield


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAdapter]:
    """Only fictional platforms are registered."""
    adapter = FakeAdapter()
    monkeypatch.setattr(finding_adapters, "scan", lambda: {"fake": adapter, "maillike": MailLike()})
    finding_adapters.all_adapters.cache_clear()
    yield adapter
    finding_adapters.all_adapters.cache_clear()
