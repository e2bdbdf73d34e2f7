"""The health URLs while the web process's services are down: a real gunicorn, PostgreSQL and Redis."""

import json

import pytest

from advocacy.tests.bare_desk import BareDesk

COOKIE = {"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345; csrftoken=x"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with BareDesk(tmp_path_factory.mktemp("desk")) as desk:
        desk.start()
        yield desk


def parts(desk, path):
    status, body = desk.get(path, COOKIE)
    return status, {name: part["state"] for name, part in json.loads(body)["parts"].items()}


def test_probe_by_address_is_answered_though_the_host_is_not_allowed(desk):
    assert desk.get("/accounts/login/")[0] == 400
    assert desk.get("/livez") == (200, "alive\n")
    assert desk.get("/readyz")[0] == 200
    assert desk.get("/healthz")[0] == 503  # nobody runs beat here


def test_beat_and_workers_take_no_web_process_out_of_service(desk):
    assert parts(desk, "/readyz") == (200, {"database": "ok", "migrations": "ok", "static files": "ok"})
    status, found = parts(desk, "/healthz")
    assert (status, found["beat"]) == (503, "failed")
    assert {state for name, state in found.items() if name.startswith("worker for ")} == {"failed"}


def test_database_that_is_away_is_said_and_healed_without_a_restart(desk):
    desk.postgres.stop(keep=True)
    try:
        assert desk.get("/livez", COOKIE) == (200, "alive\n")
        status, ready = parts(desk, "/readyz")
        assert (status, ready["database"], ready["static files"]) == (503, "failed", "ok")
        status, found = parts(desk, "/healthz")
        assert (status, found["redis"], found["inbox"]) == (503, "ok", "failed")
    finally:
        desk.postgres.start()
    assert parts(desk, "/readyz")[0] == 200


def test_redis_that_is_away_is_said_and_keeps_the_process_in_service(desk):
    desk.redis.stop()
    try:
        assert parts(desk, "/readyz")[0] == 200
        status, found = parts(desk, "/healthz")
        assert (status, found["redis"], found["beat"], found["database"]) == (503, "failed", "failed", "ok")
    finally:
        desk.redis.start()
    assert parts(desk, "/healthz")[1]["redis"] == "ok"
