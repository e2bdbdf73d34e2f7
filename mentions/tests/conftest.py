from functools import cache

import pytest
from celery import current_app

from channels.registry import finding_adapters
from mentions.tests.boards import IngestBatch
from mentions.tests.factories import UserFactory
from mentions.tests.identified import just_identified
from mentions.tests.platforms import Forum, Mailbox, Wire, connection_with


@cache
def real_platforms():
    """Found once: a scan reads the folders of all adapters, for each of thousands of tests."""
    return finding_adapters.scan()


@pytest.fixture(autouse=True)
def platforms(monkeypatch):
    """The tests' own platforms stand beside the real ones, in the one list that everything looks at."""
    mine = {adapter.platform: adapter for adapter in (Forum(), Mailbox(), IngestBatch(), Wire())}
    everything = {**real_platforms(), **mine}
    finding_adapters.all_adapters.cache_clear()
    monkeypatch.setattr(finding_adapters, "scan", lambda: everything)
    yield
    finding_adapters.all_adapters.cache_clear()


@pytest.fixture
def board(platforms):
    return finding_adapters.adapter_for("testboard")


@pytest.fixture
def wire(platforms):
    return finding_adapters.adapter_for("testwire")


@pytest.fixture
def nobody_nudged(monkeypatch):
    """No task is queued: a sweep finds the same work. For tests that do so thousands of times."""
    monkeypatch.setattr(current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def forum(db):
    return connection_with("testforum")


@pytest.fixture
def mailbox(db):
    return connection_with("testmail")


@pytest.fixture
def sam(client):
    """An advocate, whom `client` is logged in as, and who has just said so once more."""
    user = UserFactory(username="sam", role="advocate")
    client.force_login(user)
    just_identified(client)
    return user
