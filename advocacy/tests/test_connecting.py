"""`manage.py check --connect` against services that respond, are down, or refuse us."""

import io
import socket

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import NotSupportedError, connection

from advocacy.embedded.redis import free_port
from advocacy.monitoring import connecting
from channels.tests.fake_slack_rooms import TOKEN

pytestmark = pytest.mark.django_db


def ids(found):
    return [message.id for message in found]


def test_services_of_the_tests_let_us_in():
    assert ids([message for check in connecting.ALL for message in check(None)]) == []


def test_check_connects_only_when_asked(settings):
    settings.REDIS_URL = f"redis://:very-secret@127.0.0.1:{free_port()}/0"
    call_command("check", stdout=io.StringIO())
    with pytest.raises(SystemCheckError, match=r"desk\.E042.*REDIS_URL") as refused:
        call_command("check", "--connect")
    assert "very-secret" not in str(refused.value)
    call_command("check", stdout=io.StringIO())


def test_redis_that_refuses_the_password_is_reported(settings):
    _address, _, rest = settings.REDIS_URL.partition("@")
    settings.REDIS_URL = f"redis://:wrong-password@{rest}"
    (found,) = connecting.redis_server(None)
    assert (found.id, "wrong-password" in found.msg) == ("desk.E042", False)


def test_database_that_refuses_us_is_reported_without_the_password(monkeypatch):
    other = connection.copy()
    other.settings_dict = {**connection.settings_dict, "NAME": "nowhere", "PASSWORD": "very-secret"}
    monkeypatch.setattr(connecting, "connection", other)
    (found,) = connecting.database(None)
    assert found.id == "desk.E040"
    assert "nowhere" in found.msg
    assert "very-secret" not in found.msg


def test_database_that_is_too_old_is_reported(monkeypatch):
    def refuse():
        raise NotSupportedError("PostgreSQL 16 or newer is required; DATABASE_URL points to 15.")

    other = connection.copy()
    monkeypatch.setattr(other, "connect", refuse)
    monkeypatch.setattr(connecting, "connection", other)
    assert ids(connecting.database(None)) == ["desk.E005"]


def test_mail_server_that_is_away_is_reported(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    assert ids(connecting.mail_server(None)) == ["desk.E043"]


def test_mail_server_that_says_nothing_is_given_up_on(settings, monkeypatch):
    monkeypatch.setattr(connecting, "TIMEOUT_S", 0.2)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        assert ids(connecting.mail_server(None)) == ["desk.E043"]


def test_slack_that_refuses_the_token_is_reported_without_it(settings):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.SLACK_TOKEN, settings.SLACK_API_BASE = TOKEN, f"http://127.0.0.1:{port}/"
    (found,) = connecting.slack(None)
    assert found.id == "desk.E044"
    assert TOKEN not in found.msg
