"""An unreadable part of a connection is reported, and the rest keeps its pace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.contract import Page
from channels.models import InboundItem
from channels.monitoring.health import connection_health
from channels.polling import polling
from channels.tests.factories import NOW, make_connection, page_of
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db


def test_a_closed_part_is_shown_without_slowing_the_rest(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.pages = [page_of(("1", "a"), cursor=1), Page((), 1, trouble="r/odd: The subreddit is private.")]
    assert polling.poll(connection.pk, NOW).error == ""
    connection.refresh_from_db()
    assert InboundItem.objects.count() == 1
    assert (connection.trouble, connection.last_error) == ("refused", "r/odd: The subreddit is private.")
    assert (connection.failures, connection.last_success_at is None) == (0, False)
    assert connection.next_poll_at is not None
    assert connection.next_poll_at <= NOW + timedelta(seconds=2 * fake.poll_interval_s[0])
    (first, *_) = connection_health(connection, fake, NOW)
    assert (first.state, first.words) == ("partly", "Part of it cannot be read. r/odd: The subreddit is private.")
    fake.pages = [page_of(cursor=1)]
    polling.poll(connection.pk, NOW + timedelta(hours=1))
    connection.refresh_from_db()
    assert (connection.trouble, connection.last_error, connection.last_error_at) == ("", "", None)
