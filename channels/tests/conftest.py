from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels import registry
from channels.tests.fakes import FakeAdapter, MailLike


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAdapter]:
    """Only made-up platforms are registered."""
    adapter = FakeAdapter()
    monkeypatch.setattr(registry, "scan", lambda: {"fake": adapter, "maillike": MailLike()})
    registry.all_adapters.cache_clear()
    yield adapter
    registry.all_adapters.cache_clear()
