import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from advocacy import checks


def ids(found):
    return [message.id for message in found]


def test_settings_of_the_tests_are_right():
    assert ids([*checks.services(None), *checks.keys(None), *checks.addresses(None), *checks.amounts(None)]) == []


@pytest.mark.parametrize(
    ("engine", "expected"),
    [("django.db.backends.dummy", ["desk.E001"]), ("django.db.backends.sqlite3", ["desk.E002"])],
)
def test_other_database_is_refused(settings, monkeypatch, engine, expected):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", engine)
    assert ids(checks.services(None)) == expected


@pytest.mark.parametrize(("url", "expected"), [("", ["desk.E003"]), ("http://x", ["desk.E004"])])
def test_wrong_redis_is_refused(settings, url, expected):
    settings.REDIS_URL = url
    assert ids(checks.services(None)) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("", "desk.E010"),
        ("short", "desk.E011"),
        ("ab" * 40, "desk.E011"),
        ("django-insecure-" + "x1y2z3" * 12, "desk.E011"),
    ],
)
def test_weak_secret_key_is_refused(settings, key, expected):
    settings.SECRET_KEY = key
    assert ids(checks.keys(None)) == [expected]


def test_malformed_encryption_key_is_named_by_its_place(settings):
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, "not-a-key"]
    (found,) = checks.keys(None)
    assert found.id == "desk.E013"
    assert "number 2" in found.msg
    assert "not-a-key" not in found.msg + found.hint


def test_missing_encryption_key_is_refused(settings):
    settings.ENCRYPTION_KEYS = []
    assert ids(checks.keys(None)) == ["desk.E012"]


@pytest.mark.parametrize(
    ("base", "hosts", "expected"),
    [
        ("https://desk.example.com", ["desk.example.com"], []),
        ("https://desk.example.com", [".example.com"], []),
        ("https://desk.example.com", ["*"], ["desk.E021"]),
        ("https://desk.example.com", ["localhost"], ["desk.E022"]),
        ("http://desk.example.com", ["desk.example.com"], ["desk.W023"]),
        ("desk.example.com", ["desk.example.com"], ["desk.E020"]),
    ],
)
def test_address_and_hosts_must_agree(settings, base, hosts, expected):
    settings.BASE_URL, settings.ALLOWED_HOSTS = base, hosts
    assert ids(checks.addresses(None)) == expected


def test_debug_at_a_public_address_is_warned_of(settings):
    settings.BASE_URL, settings.ALLOWED_HOSTS, settings.DEBUG = "https://d.example.com", ["d.example.com"], True
    assert ids(checks.addresses(None)) == ["desk.W024"]


@pytest.mark.parametrize(
    ("name", "value"), [("UNDO_SECONDS", -1), ("CLAIM_LEASE_SECONDS", 5), ("READ_TIMEOUT_SECONDS", 0)]
)
def test_amount_out_of_bounds_says_the_bounds(settings, name, value):
    setattr(settings, name, value)
    (found,) = checks.amounts(None)
    assert name in found.msg
    assert "from" in found.hint


def test_poll_lease_is_never_shorter_than_the_longest_request(settings):
    settings.READ_TIMEOUT_SECONDS, settings.POLL_LEASE_SECONDS = 10, 24
    (found,) = checks.amounts(None)
    assert "DESK_POLL_LEASE_SECONDS" in found.msg
    assert "from 25" in found.hint
    settings.POLL_LEASE_SECONDS = 25
    assert checks.amounts(None) == []


def test_start_with_wrong_settings_is_refused_with_every_reason(settings):
    settings.REDIS_URL, settings.ENCRYPTION_KEYS = "", []
    with pytest.raises(ImproperlyConfigured, match=r"(?s)REDIS_URL.*DESK_ENCRYPTION_KEYS"):
        checks.refuse_wrong_settings()


@pytest.mark.parametrize(
    "program",
    [["-c", "import advocacy.wsgi"], ["manage.py", "check"], ["-m", "celery", "-A", "advocacy", "beat", "--pidfile="]],
    ids=["web", "manage", "beat"],
)
def test_production_start_without_addresses_says_what_to_set(program, tmp_path):
    ours = ("DESK_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if "beat" in program:
        program = [*program, "--schedule", str(tmp_path / "beat")]
    result = subprocess.run(
        [sys.executable, *program], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=60
    )
    assert result.returncode != 0
    for name in ("DATABASE_URL", "REDIS_URL", "DESK_SECRET_KEY", "DESK_ENCRYPTION_KEYS"):
        assert name in result.stdout + result.stderr
