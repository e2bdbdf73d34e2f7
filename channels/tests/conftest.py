from __future__ import annotations

from types import MappingProxyType

import pytest

from channels import outbox_sending, registry
from channels.tests.fakes import FakeAdapter, MailLike


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeAdapter:
    """Only made-up platforms are registered."""
    adapter = FakeAdapter()
    known = MappingProxyType({"fake": adapter, "maillike": MailLike()})
    for module in (registry, outbox_sending):
        monkeypatch.setattr(module, "all_adapters", lambda: known)
    return adapter
