"""Hostile error messages from platforms: always storable, loggable and displayable."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from channels import errors
from channels.contract import Adapter, Page
from channels.errors import MAX_WORDS, ChannelError, Rejected, fit
from channels.http import client
from channels.models import Alarm, Connection, OutboundItem
from channels.monitoring import alarms
from channels.outbox import outbox
from channels.polling import polling
from channels.tests.adapters.test_contract import HTTP_ADAPTERS, READS, WRITES, _answering, _can, _connection
from channels.tests.factories import NOW, make_channel, make_connection, make_reply
from channels.tests.fakes import FakeAdapter
from channels.tests.loopback import Reply, serving

IN_JSON = {"Content-Type": "application/json"}
BODIES = {
    "half a pair": b'{"error":"\\ud800","message":"\\udfff","errors":[{"message":"\\ud83d"}],"detail":"a\\ud800b"}',
    "NUL": b'{"error":"\\u0000","message":"a\\u0000b","errors":[{"message":"\\u0000"}],"title":"\x00"}',
    "control characters": b'{"error":"\\u001b[31m\\r\\n\\u0085\\u2028","message":"\\u202eevil","detail":"\\u0007"}',
    "no JSON": b"\x00\xff\xfe\xed\xa0\x80 \x1b]0;title\x07 <b>" + bytes(range(32)),
    "a megabyte": b'{"error":"' + b"words " * 170_000 + b'"}',
    "depth": b'{"error":' * 50_000,
    "other types": b'{"error":{"message":["\\ud800"],"code":1e999},"errors":{"a":"\\ud800"},"meta":"\\u0000"}',
}
STATUSES = (400, 503)


def assert_fit(text: str) -> None:
    """One line that PostgreSQL stores."""
    text.encode()
    assert text.strip()
    assert len(text) <= MAX_WORDS
    assert not [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")]


def _all_errors(kind: type[ChannelError] = ChannelError) -> list[type[ChannelError]]:
    return [kind, *(each for inner in kind.__subclasses__() for each in _all_errors(inner))]


HOSTILE = "a\x00b\ud800c\r\nd\u202ee\x1b[31m\u2028" + "f" * 5000


@pytest.mark.parametrize("kind", _all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_is_fit_to_be_stored_from_the_start(kind: Callable[..., ChannelError]) -> None:
    try:
        error = kind(HOSTILE)
    except (TypeError, AttributeError):
        error = kind({"token": HOSTILE}, {"token": "Token"})
    assert_fit(str(error))
    assert "a b c d e [31m f" in str(error)
    assert str(error).endswith("…")


def test_what_is_fit_stays_as_it_is() -> None:
    assert fit("Grüße, 你好 👩\u200d👧: “no”") == "Grüße, 你好 👩\u200d👧: “no”"


@pytest.mark.parametrize("adapter", HTTP_ADAPTERS, ids=lambda adapter: adapter.platform)
def test_whatever_a_platform_says_can_be_stored(adapter: Adapter) -> None:
    raised = 0
    for body in BODIES.values():
        for status in STATUSES:
            with serving(_answering(adapter, Reply(status, body, IN_JSON))) as server:
                config = _connection(adapter, server.url, server.network())
                for name, verb in {**READS, **WRITES}.items():
                    if _can(adapter, name):
                        try:
                            verb(adapter, config)
                        except ChannelError as error:
                            assert_fit(str(error))
                            raised += 1
    assert raised >= 2 * len(BODIES) * len(STATUSES)


@pytest.fixture(params=BODIES)
def refusing(request: pytest.FixtureRequest) -> Any:
    """A platform that refuses everything."""
    with serving(lambda seen: Reply(400, BODIES[request.param], IN_JSON)) as server:
        yield server


@pytest.mark.django_db
def test_a_reply_that_is_refused_is_failed_and_never_stays_on_its_way(fake: FakeAdapter, refusing: Any) -> None:
    fake.on_send = lambda outgoing: client.post_json(refusing.network(), refusing.url, {})  # type: ignore[assignment, return-value]
    item = make_reply(make_connection())
    assert outbox.send_due(NOW) == 1
    item.refresh_from_db()
    assert item.state == OutboundItem.State.FAILED
    assert_fit(item.error)
    assert "400" in item.error


@pytest.mark.django_db
def test_a_poll_that_is_refused_is_recorded_and_raises_an_alarm(
    fake: FakeAdapter, refusing: Any, settings: Any
) -> None:
    settings.TEAM_SLACK_CHANNEL, settings.SLACK_TOKEN = "#community-advocates", "xoxb-of-a-test"
    fake.on_fetch = lambda config, cursor: iter([client.get_json(refusing.network(), refusing.url).body])
    connection = make_connection(name="Acme’s forum")
    make_channel(connection)
    for minute in range(0, 40, 10):
        Connection.objects.update(next_poll_at=None)
        assert polling.poll(connection.pk, NOW + timedelta(minutes=minute)).error
        alarms.sweep(NOW + timedelta(minutes=minute))
    connection.refresh_from_db()
    assert connection.failures == 4
    assert_fit(connection.last_error)
    assert Alarm.objects.filter(connection=connection, told_at__isnull=False).exists()


@pytest.mark.django_db
def test_what_a_page_says_of_its_trouble_can_be_stored(fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.pages = [Page((), 1, trouble=HOSTILE, quota_left=10**30)]
    polling.poll(connection.pk, NOW)
    connection.refresh_from_db()
    assert_fit(connection.last_error)
    assert connection.quota_left is not None


def test_an_error_that_is_cleaned_of_secrets_stays_fit() -> None:
    from channels.http.errors import redacted

    assert_fit(str(redacted(Rejected(HOSTILE), ["bbbb"])))
    assert errors.MAX_WORDS < 10_000
