import uuid
from datetime import timedelta

import pytest
import redis as redis_client
from django.utils import timezone

from advocacy.monitoring import health, heartbeats
from advocacy.runtime.redis_client import client as redis
from channels.models import Alarm, InboundItem, OutboundItem
from channels.tests.factories import make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def marks(monkeypatch):
    """Nobody has been seen yet: keys of this test's own, so that nothing late of another test can touch them."""
    run = uuid.uuid4()
    monkeypatch.setattr(heartbeats, "_seen", lambda name: f"test:{run}:seen:{name}")
    monkeypatch.setattr(heartbeats, "_missed", lambda name: f"test:{run}:missed:{name}")


def seen(**s_ago):
    """All parts were seen just now, except these: part → seconds ago."""
    heartbeats.mark(heartbeats.parts())
    for name, seconds in s_ago.items():
        left_ms = int((heartbeats.CACHE_TTL_S - seconds) * 1000)
        redis().pexpire(heartbeats._seen({"polls": "queue:polls"}.get(name, name)), left_ms)


def make_item(connection, state, fetched_at):
    return InboundItem.objects.create(
        connection=connection, external_id=state, digest=b"x" * 16, state=state, fetched_at=fetched_at
    )


def parts(response):
    return {name: part["said"] for name, part in response.json()["parts"].items()}


def test_every_queue_has_a_line_of_its_own():
    assert {f"worker for {name}" for name in heartbeats.queues()} < set(health.CHECKS)


def test_held_sending_is_for_a_person_to_see(client, settings):
    seen()
    settings.HOLD_SENDING = True
    assert parts(client.get("/healthz"))["outbox"] == "held by DESK_HOLD_SENDING"


def test_livez_answers_without_login(client):
    response = client.get("/livez")
    assert (response.status_code, response.content) == (200, b"alive\n")
    assert "no-store" in response["Cache-Control"]


def test_livez_needs_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/livez")


def test_healthz_with_everybody_there_is_well(client):
    seen()
    response = client.get("/healthz")
    assert response.status_code == 200, response.json()
    assert response.json()["well"] is True
    assert set(parts(response)) == set(health.CHECKS)


@pytest.mark.parametrize(("part", "missing"), [("beat", "beat"), ("polls", "worker for polls")])
def test_healthz_names_who_was_not_seen_lately_and_readyz_does_not_care(client, part, missing):
    seen(**{part: 80})
    response = client.get("/healthz")
    assert response.status_code == 503
    assert parts(response)[missing].startswith("last seen ")
    assert client.get("/readyz").status_code == 200


def test_healthz_before_the_first_tick_is_not_well(client):
    assert parts(client.get("/healthz"))["beat"] == "not seen yet"


def test_healthz_without_redis_says_so_and_nothing_secret(client, monkeypatch):
    dead = redis_client.Redis.from_url("redis://:very-secret@127.0.0.1:1/0", socket_timeout=0.2)
    monkeypatch.setattr(health, "_redis", lambda: dead)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert parts(response)["redis"] == "not responding"
    assert b"very-secret" not in response.content
    assert client.get("/readyz").status_code == 200


def test_readyz_with_a_waiting_migration_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "manage.py upgrade" in parts(response)["migrations"]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_health_addresses_refuse_posts_and_take_head(client, path):
    assert client.post(path).status_code == 405
    assert client.head(path).status_code in (200, 503)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_health_addresses_take_any_host_and_no_session(client, path):
    response = client.get(path, headers={"host": "10.1.2.3:8000", "cookie": "sessionid=abc"})
    assert response.status_code in (200, 503)
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_probe_over_http_is_not_sent_on_to_https(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path).status_code in (200, 503)


def test_healthz_in_a_browser_is_lines_of_text(client):
    seen(beat=100)
    response = client.get("/healthz", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert response["Content-Type"].startswith("text/plain")
    lines = response.content.decode().splitlines()
    assert lines[0] == "not well"
    assert [line.split()[:2] for line in lines if line.startswith("FAILED")] == [["FAILED", "beat"]]


def test_backlogs_are_failures_and_what_a_person_should_see_is_none(client):
    seen()
    connection = make_connection()
    old = timezone.now() - timedelta(minutes=3)
    make_item(connection, "failed", old)
    OutboundItem.objects.create(
        key=uuid.uuid4(), connection=connection, conversation="a", payload={}, not_before=old, state="uncertain"
    )
    Alarm.objects.create(connection=connection, state="auth", words="refused", raised_at=old)
    response = client.get("/healthz")
    found = {name: part["state"] for name, part in response.json()["parts"].items()}
    assert response.status_code == 200
    assert [name for name, state in found.items() if state == "look"] == ["alarms", "quarantine", "uncertain replies"]

    make_item(connection, "pending", old)
    OutboundItem.objects.create(
        key=uuid.uuid4(), connection=connection, conversation="b", payload={}, not_before=old, state="queued"
    )
    response = client.get("/healthz")
    found = {name: part["state"] for name, part in response.json()["parts"].items()}
    assert response.status_code == 503
    assert (found["inbox"], found["outbox"]) == ("failed", "failed")


def test_check_that_breaks_is_reported_and_spoils_no_other(client, monkeypatch, caplog):
    seen()
    monkeypatch.setitem(health.CHECKS, "alarms", health.Check(lambda now: str(1 / 0)))
    response = client.get("/healthz")
    found = {name: part["state"] for name, part in response.json()["parts"].items()}
    assert [name for name, state in found.items() if state != "ok"] == ["alarms"]
    assert "ZeroDivisionError" in caplog.text
    assert b"Zero" not in response.content
