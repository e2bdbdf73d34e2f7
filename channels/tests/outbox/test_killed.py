"""Real worker processes, killed by SIGKILL at the worst moment."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection as database

from channels.contract import Outgoing
from channels.models import InboundItem, OutboundItem
from channels.outbox import outbox
from channels.polling import polling
from channels.tests.factories import NOW, make_connection, make_reply, page_of
from channels.tests.fakes import FakeAdapter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.crash]


def kill_in_the_middle(what: str, connection_id: int, file: Path) -> None:
    """Start a worker on the test's database, wait for its moment, kill it."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database.settings_dict['NAME']}").geturl()
    command = [sys.executable, "-m", "channels.tests.doomed", what, str(connection_id), str(file)]
    worker = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    with worker:
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "now\n"
        finally:
            worker.kill()


def test_a_poller_killed_between_pages_loses_nothing_and_its_successor_goes_on(fake: FakeAdapter, tmp_path) -> None:
    connection = make_connection()
    kill_in_the_middle("poll", connection.pk, tmp_path / "none")
    assert set(InboundItem.objects.values_list("external_id", "state")) == {("1", "pending"), ("2", "pending")}
    assert polling.due(NOW + polling.lease() / 2) == []
    later = NOW + polling.lease() + timedelta(seconds=30)
    (lease,) = polling.due(later)
    seen = []

    def fetch(config: object, cursor: object):
        seen.append(cursor)
        yield page_of(("2", "b"), ("3", "c"), cursor=2)

    fake.on_fetch = fetch
    assert polling.poll(connection.pk, later, lease.token).items == 1
    assert seen == [1]
    assert InboundItem.objects.count() == 3


def test_a_sender_killed_after_the_post_never_posts_again(fake: FakeAdapter, tmp_path) -> None:
    item = make_reply(make_connection())
    platform = tmp_path / "platform"
    kill_in_the_middle("send", 0, platform)
    item.refresh_from_db()
    assert item.state == OutboundItem.State.SENDING
    fake.posts = [Outgoing(key=platform.read_text(), text="Hello")]
    for seconds in (10, 60, 200, 400):
        assert outbox.send_due(NOW + timedelta(seconds=seconds)) == 0
        outbox.recover(NOW + timedelta(seconds=seconds))
    item.refresh_from_db()
    assert (item.state, item.external_id) == (OutboundItem.State.SENT, "post-1")
    assert len(fake.posts) == 1
