"""PostgreSQL and Redis over TLS, configured by URL alone: certificates are checked, and a wrong one is refused."""

import json
import socket
import sys
import time
from urllib.parse import quote

import pytest

from advocacy.embedded.process import Kept
from advocacy.tests.bare_desk import ROOT, BareDesk
from advocacy.tests.tls import Authority, Door


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with BareDesk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture(scope="module")
def doors(desk, tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("ours"))

    def to_postgres():
        inside = socket.socket(socket.AF_UNIX)
        inside.connect(f"{desk.postgres.sockets}/.s.PGSQL.5432")
        return inside

    def to_redis():
        return socket.create_connection(("127.0.0.1", desk.redis.port))

    with (
        Door(authority, to_postgres, is_postgres=True) as first,
        Door(authority, to_redis, is_postgres=False) as second,
    ):
        yield authority, first, second


def lead_through(desk, monkeypatch, doors, ca):
    _authority, postgres, redis = doors
    database = f"postgresql://desk@localhost:{postgres.port}/desk?sslmode=verify-full&sslrootcert={quote(str(ca))}"
    address = (
        f"rediss://:{desk.redis.password}@localhost:{redis.port}/0?ssl_cert_reqs=required&ssl_ca_certs={quote(str(ca))}"
    )
    monkeypatch.setitem(desk.settings, "DATABASE_URL", database)
    monkeypatch.setitem(desk.settings, "REDIS_URL", address)


def test_web_health_and_worker_work_over_tls(desk, doors, monkeypatch):
    lead_through(desk, monkeypatch, doors, doors[0].ca)
    desk.manage("check", "--connect")
    argv = [sys.executable, "-m", "celery", "-A", "advocacy"]
    started = [
        Kept([*argv, "worker", "--concurrency", "1"], env=desk.env, cwd=ROOT, log=desk.folder / "worker.log"),
        Kept([*argv, "beat", "--schedule", str(desk.folder / "beat"), "--pidfile", ""], env=desk.env, cwd=ROOT,
             log=desk.folder / "beat.log"),
    ]  # fmt: skip
    try:
        desk.start()
        deadline = time.monotonic() + 90
        while True:
            found = {name: part["state"] for name, part in json.loads(desk.get("/healthz")[1])["parts"].items()}
            if all(found[name] == "ok" for name in ("database", "redis", "beat")):
                break
            assert time.monotonic() < deadline, found
            time.sleep(0.5)
        desk.manage(
            "shell",
            "-v",
            "0",
            "-c",
            "from django.core.cache import cache; cache.set('a', 1); assert cache.get('a') == 1",
        )
    finally:
        desk.stop()
        for each in started:
            each.stop()
    assert doors[1].opened > 2
    assert doors[2].opened > 4


def test_certificate_of_somebody_else_is_refused(desk, doors, monkeypatch, tmp_path):
    lead_through(desk, monkeypatch, doors, Authority(tmp_path, "Somebody else").ca)
    said = desk.manage("check", "--connect", ok=False)
    assert "desk.E040" in said
    assert "desk.E042" in said
    assert said.lower().count("certificate verify failed") == 2
    assert desk.redis.password not in said


def test_server_without_tls_is_refused_where_it_is_asked_for(desk, doors, monkeypatch):
    _authority, _postgres, redis = doors
    plain = f"redis://:{desk.redis.password}@localhost:{redis.port}/0"
    monkeypatch.setitem(desk.settings, "REDIS_URL", plain)
    assert "desk.E042" in desk.manage("check", "--connect", ok=False)
