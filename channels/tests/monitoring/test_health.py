from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from channels.errors import AuthFailed
from channels.http.limits_per_person import PER_MINUTE
from channels.models import Channel, Connection, InboundItem
from channels.monitoring import connection_test
from channels.monitoring.health import Health, Level, channel_health, connection_health
from channels.tests.factories import NOW, make_channel, make_connection, make_reply, page_of
from channels.tests.fakes import FakeAdapter
from channels.views.overview import ChannelRow

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def healthy(**values: object) -> Connection:
    return Connection(
        **{
            "platform": "fake",
            "name": "c",
            "created_at": NOW - 30 * DAY,
            "next_poll_at": NOW + MINUTE,
            "last_success_at": NOW - MINUTE,
            "last_item_at": NOW - HOUR,
            **values,
        }
    )


@pytest.mark.parametrize(
    ("values", "state", "level", "word"),
    [
        ({}, "ok", Level.OK, "Healthy"),
        ({"is_active": False, "paused_reason": "moving house"}, "paused", Level.PAUSED, "moving house"),
        ({"trouble": "auth", "last_error": "401 expired"}, "auth", Level.ERROR, "401 expired"),
        ({"trouble": "quota", "last_error": "429"}, "quota", Level.NOTICE, "quota"),
        ({"trouble": "settings", "last_error": "Port: wrong"}, "settings", Level.ERROR, "Port: wrong"),
        ({"trouble": "transient", "failures": 1, "last_error": "500"}, "failing", Level.WARNING, "500"),
        ({"trouble": "malformed", "failures": 5, "last_error": "html"}, "failing", Level.ERROR, "5 times"),
        ({"next_poll_at": NOW - HOUR}, "late", Level.ERROR, "overdue by 1"),
        (
            {"next_poll_at": NOW - HOUR, "lease_until": NOW + MINUTE},
            "late",
            Level.ERROR,
            "overdue by 1",
        ),  # leased for ever
        ({"next_poll_at": NOW - 2 * MINUTE, "lease_until": NOW + MINUTE}, "ok", Level.OK, "Healthy"),
        ({"next_poll_at": None}, "late", Level.ERROR, "Never polled"),
        ({"last_item_at": NOW - 3 * DAY}, "silent", Level.WARNING, "3\xa0days"),
        ({"last_item_at": None}, "silent", Level.WARNING, "unusual"),
        ({"quota_left": 3, "quota_resets_at": NOW + HOUR}, "quota", Level.NOTICE, "3 requests left"),
        ({"quota_left": 3, "quota_resets_at": NOW - HOUR}, "ok", Level.OK, "Healthy"),
        ({"token_expires_at": NOW + 2 * DAY}, "expiring", Level.WARNING, "2\xa0days"),
        ({"token_expires_at": NOW - DAY}, "expired", Level.ERROR, "expired"),
        ({"token_expires_at": NOW + 60 * DAY}, "ok", Level.OK, "Healthy"),
    ],
)
def test_a_connection_tells_how_it_is(values: dict, state: str, level: Level, word: str) -> None:
    first = connection_health(healthy(**values), FakeAdapter(), NOW)[0]
    assert (first.state, first.level) == (state, level)
    assert word in first.words


def test_the_most_urgent_comes_first_and_an_unknown_platform_is_said() -> None:
    several = healthy(trouble="auth", token_expires_at=NOW + DAY, next_poll_at=NOW - HOUR)
    levels = [health.level for health in connection_health(several, FakeAdapter(), NOW)]
    assert levels == [Level.ERROR, Level.ERROR, Level.WARNING]
    assert connection_health(healthy(), None, NOW)[0].state == "unknown"


def test_a_channel_is_silent_by_its_own_measure() -> None:
    channel = Channel(last_item_at=NOW - 2 * HOUR, expected_silence_minutes=60)
    assert channel_health(channel, FakeAdapter(), NOW).state == "silent"
    channel.expected_silence_minutes = None
    assert channel_health(channel, FakeAdapter(), NOW).state == "ok"
    channel.last_item_at = None
    assert channel_health(channel, FakeAdapter(), NOW).state == "never"
    channel.is_active = False
    assert channel_health(channel, FakeAdapter(), NOW).state == "off"


def manager(name: str = "mo", **values: object) -> User:
    user = User.objects.create_user(name, password="long-enough-1", **values)
    user.user_permissions.add(Permission.objects.get(codename="view_connection"))
    return user


def fill(count: int) -> None:
    from channels.inbox import storing_once

    for number in range(count):
        connection = make_connection(last_error="<b>bold</b>", trouble="auth", last_success_at=NOW)
        make_channel(connection, address=f"a{number}")
        storing_once.store_page(connection.pk, page_of(("1", "a"), ("2", "b")), fetched_at=NOW)
        make_reply(connection)
    InboundItem.objects.filter(external_id="1").update(state="failed")


@pytest.mark.django_db
def test_the_page_costs_the_same_at_1_and_at_30_connections(
    fake: FakeAdapter, client: Client, django_assert_max_num_queries, django_assert_num_queries
) -> None:
    client.force_login(manager())
    fill(1)
    client.get(reverse("channels:health"))  # what is looked up once in a process is not counted
    with django_assert_max_num_queries(20) as few:
        client.get(reverse("channels:health"))
    fill(29)
    with django_assert_num_queries(len(few.captured_queries)):
        page = client.get(reverse("channels:health"))
    assert page.content.decode().count("<tbody ") == 30


@pytest.mark.django_db
def test_the_page_shows_volume_errors_and_what_waits(fake: FakeAdapter, client: Client) -> None:
    client.force_login(manager())
    assert "No connections yet" in client.get(reverse("channels:health")).content.decode()
    fill(1)
    html = client.get(reverse("channels:health")).content.decode()
    assert "2 items in 24 h" in html
    assert "1 waiting" in html
    assert "&lt;b&gt;bold" in html
    assert "<b>bold" not in html


@pytest.mark.django_db
def test_the_page_is_for_managers_and_admins(client: Client) -> None:
    url = reverse("channels:health")
    assert client.get(url).status_code == 302
    client.force_login(User.objects.create_user("vol", password="long-enough-1"))
    assert client.get(url).status_code == 403


def admin() -> User:
    user = manager("ada", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="poll_connection"))
    return User.objects.get(pk=user.pk)


@pytest.mark.django_db
def test_buttons_are_there_for_those_who_may_press_them(fake: FakeAdapter, client: Client) -> None:
    connection = make_connection()
    act = reverse("channels:act", args=[connection.pk, "pause"])
    client.force_login(manager())
    assert act not in client.get(reverse("channels:health")).content.decode()
    assert client.post(act).status_code == 403
    assert client.post(reverse("channels:try", args=[connection.pk])).status_code == 403
    client.force_login(admin())
    assert act in client.get(reverse("channels:health")).content.decode()


@pytest.mark.django_db
def test_pause_resume_and_poll_from_the_page(fake: FakeAdapter, client: Client) -> None:
    connection = make_connection(next_poll_at=NOW + 30 * DAY)
    client.force_login(admin())
    for verb, is_active in (("pause", False), ("resume", True), ("poll", True)):
        assert client.post(reverse("channels:act", args=[connection.pk, verb])).status_code == 302
        connection.refresh_from_db()
        assert connection.is_active is is_active
    assert connection.next_poll_at < NOW + 30 * DAY or connection.next_poll_at
    assert client.get(reverse("channels:act", args=[connection.pk, "poll"])).status_code == 405
    assert client.post(reverse("channels:act", args=[10**9, "poll"])).status_code == 404


@pytest.mark.django_db
def test_a_connection_is_tried_by_a_task_and_the_page_looks_again(
    fake: FakeAdapter, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(connection_test, "send_task", lambda name, pk: not asked.append(pk))
    connection = make_connection(settings={"port": 443})
    client.force_login(admin())
    url = reverse("channels:try", args=[connection.pk])
    first = client.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" in first
    assert asked == [connection.pk]
    fake.pages = [page_of(("1", "a"))]
    assert connection_test.tried(connection.pk).is_well
    then = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" not in then
    assert "1 items on the first page" in then
    fake.pages = [AuthFailed("the token is refused")]
    connection_test.tried(connection.pk)
    assert "the token is refused" in client.get(url, headers={"HX-Request": "true"}).content.decode()


def test_a_chart_has_a_bar_for_each_day() -> None:
    row = ChannelRow(Channel(name="c"), Health(Level.OK, "ok", ""), [0, 1, 4])
    assert row.bars == [(0, 15.4, 0.6), (4, 12.2, 3.8), (8, 1.0, 15.0)]
    assert (row.total, row.today, ChannelRow(Channel(), row.health).bars) == (5, 4, [])


@pytest.mark.django_db
def test_testing_connections_is_limited_for_each_person(fake: FakeAdapter, monkeypatch) -> None:
    connection, asked = make_connection(), []
    monkeypatch.setattr(connection_test, "send_task", lambda name, pk: not asked.append(pk))
    tested = [connection_test.begin(connection.pk, 7) for _ in range(PER_MINUTE + 1)]
    assert len(asked) == PER_MINUTE
    assert "Too many tests" in tested[-1].words
    assert connection_test.begin(connection.pk, 8).is_well is None
