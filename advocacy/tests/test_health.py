import uuid
from datetime import timedelta

import pytest
import redis as redis_client
from django.utils import timezone

from advocacy import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def marks(monkeypatch):
    """Nobody has been seen yet: keys of this test's own, so that nothing late of another test can touch them."""
    for who in ("BEAT", "WORKER"):
        monkeypatch.setattr(health, who, f"test:{uuid.uuid4()}")


def seen(beat=0, worker=0):
    now = timezone.now()
    health.mark(health.BEAT, now - timedelta(seconds=beat))
    health.mark(health.WORKER, now - timedelta(seconds=worker))


def test_healthz_answers_without_login(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"alive\n")
    assert "no-store" in response["Cache-Control"]


def test_healthz_needs_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/healthz")


def test_readyz_with_everybody_there_is_ready(client):
    seen()
    response = client.get("/readyz")
    assert response.status_code == 200, response.json()
    assert response.json()["ready"] is True


@pytest.mark.parametrize(
    ("beat", "worker", "missing"),
    [(61, 0, "beat"), (0, 361, "worker")],
)
def test_readyz_names_who_was_not_seen_lately(client, beat, worker, missing):
    seen(beat, worker)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()[missing].startswith("last seen ")


def test_readyz_before_the_first_tick_is_not_ready(client):
    assert client.get("/readyz").json()["beat"] == "not seen yet"


def test_readyz_without_redis_says_so_and_nothing_secret(client, monkeypatch):
    dead = redis_client.Redis.from_url("redis://:very-secret@127.0.0.1:1/0", socket_timeout=0.2)
    monkeypatch.setattr(health, "_redis", lambda: dead)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["redis"] == "does not answer"
    assert b"very-secret" not in response.content


def test_readyz_with_a_waiting_migration_is_not_ready(client, monkeypatch):
    seen()
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "manage.py migrate" in response.json()["migrations"]


def test_readyz_refuses_posts(client):
    assert client.post("/readyz").status_code == 405
