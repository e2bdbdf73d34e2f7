"""Alarms are raised once, announced once in Slack and by mail, and announced again when they are over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from channels.contract import Config
from channels.errors import AuthFailed
from channels.models import Alarm, Connection, OutboundItem
from channels.monitoring import alarms, expiry, health
from channels.tests.factories import NOW, make_channel, make_connection
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def alarm_recipients(settings: Any, fake: FakeAdapter) -> None:
    settings.TEAM_SLACK_CHANNEL, settings.SLACK_TOKEN = "#community-advocates", "xoxb-of-a-test"
    settings.ALARM_MAILS = ["admin@acme.example"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def working(**values: Any) -> Connection:
    connection = make_connection(
        **{"last_success_at": NOW - MINUTE, "next_poll_at": NOW + HOUR, "last_item_at": NOW - MINUTE, **values}
    )
    Connection.objects.filter(pk=connection.pk).update(created_at=NOW - 30 * DAY)
    return connection


def sweep(*minutes: int) -> None:
    for each in minutes:
        alarms.sweep(NOW + each * MINUTE)


def slack() -> list[str]:
    return [item.payload["text"] for item in OutboundItem.objects.filter(kind="slack").order_by("pk")]


def test_a_silent_channel_is_reported_once() -> None:
    channel = make_channel(working(), name="Reddit", last_item_at=NOW - 3 * DAY)
    sweep(0, 5)
    assert slack() == []
    sweep(11, 16, 30)
    assert len(slack()) == len(mail.outbox) == 1
    assert "Reddit: Silent for 3" in slack()[0]
    assert mail.outbox[0].to == ["admin@acme.example"]
    assert "Reddit" in mail.outbox[0].subject
    alarm = Alarm.objects.get()
    assert (alarm.channel, alarm.state) == (channel, "silent")


def test_its_end_is_reported_and_it_may_come_again() -> None:
    channel = make_channel(working(), name="Reddit", last_item_at=NOW - 3 * DAY)
    sweep(0, 11)
    channel.last_item_at = NOW + 12 * MINUTE
    channel.save()
    sweep(13, 20)
    assert [text.split(":")[0] for text in slack()] == ["⚠ Reddit", "✓ Reddit"]
    assert Alarm.objects.get().cleared_at == NOW + 13 * MINUTE
    channel.last_item_at = NOW - 3 * DAY
    channel.save()
    sweep(30, 41)
    assert len(slack()) == 3


def test_what_comes_and_goes_is_reported_to_nobody() -> None:
    connection = working(trouble="auth", last_error="401")
    sweep(0)
    Connection.objects.filter(pk=connection.pk).update(trouble="", last_error="")
    sweep(5, 20)
    assert (slack(), mail.outbox) == ([], [])


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"trouble": "auth", "last_error": "the token is refused"}, "auth"),
        ({"token_expires_at": NOW + 2 * DAY}, "expiring"),
        ({"token_expires_at": NOW - DAY}, "expired"),
        ({"trouble": "transient", "failures": 9, "last_error": "500"}, "failing"),
        ({"trouble": "transient", "failures": 1, "last_error": "500"}, None),
        ({"trouble": "quota", "last_error": "429"}, None),
        ({"is_active": False, "trouble": "auth"}, None),
        ({}, None),
    ],
)
def test_what_is_an_alarm(values: dict[str, Any], state: str | None) -> None:
    make_channel(working(**values), last_item_at=NOW - MINUTE)
    sweep(0)
    assert list(Alarm.objects.values_list("state", flat=True)) == ([state] if state else [])


def test_a_channel_that_never_said_anything_is_silent_too() -> None:
    make_channel(working(), name="Forum", last_item_at=None)
    sweep(0)
    assert "Check its address." in Alarm.objects.get().words


def test_channels_that_are_off_and_connections_in_trouble_are_not_called_silent() -> None:
    make_channel(working(), is_active=False, last_item_at=NOW - 30 * DAY)
    make_channel(working(trouble="auth"), last_item_at=NOW - 30 * DAY)
    sweep(0)
    assert list(Alarm.objects.values_list("state", flat=True)) == ["auth"]


def test_without_slack_and_mail_an_alarm_is_only_shown(settings: Any) -> None:
    settings.TEAM_SLACK_CHANNEL, settings.ALARM_MAILS = "", []
    working(trouble="auth")
    sweep(0, 11)
    assert slack() == []
    assert len(alarms.open_alarms()) == 1


def test_platforms_that_know_tell_when_a_token_runs_out(fake: FakeAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = NOW + 5 * DAY

    def tells(self: FakeAdapter, config: Config) -> datetime | None:
        if config.setting("port") == 1:
            raise AuthFailed("no")
        return ends

    good, bad = make_connection(), make_connection(settings={"port": 1})
    assert expiry.ask_all(NOW) == 0
    monkeypatch.setattr(FakeAdapter, "token_expires_at", tells)
    assert expiry.ask_all(NOW) == 1
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.token_expires_at, bad.token_expires_at) == (ends, None)
    assert health.connection_health(good, fake, NOW)[0].state in ("expiring", "late")
