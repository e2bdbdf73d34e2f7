"""`manage.py upgrade` on a real database, with a real folder of static files and a real worker."""

import json
import sys
import time
from contextlib import closing, contextmanager

import psycopg2
import pytest

from advocacy.embedded.process import Kept
from advocacy.management.commands.upgrade import LOCK
from advocacy.tests.bare_desk import ROOT, BareDesk

HOST = {"Host": "desk.example.com"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    with BareDesk(folder, DESK_STATIC_ROOT=str(folder / "static")) as desk:
        yield desk


@pytest.fixture(scope="module")
def collected(desk):
    """The static files are there; each test leaves them so."""
    desk.manage("upgrade")


@contextmanager
def web(desk):
    desk.start()
    try:
        yield
    finally:
        desk.stop()


@contextmanager
def database(desk):
    with closing(psycopg2.connect(desk.postgres.url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield cursor


def step_back(desk):
    """One migration has to be applied again: the newest of an app that no other depends on."""
    *_, previous, _newest = sorted(path.stem for path in (ROOT / "metrics" / "migrations").glob("0*.py"))
    desk.migrate_quickly("metrics", previous)


def static_state(desk):
    return json.loads(desk.get("/readyz")[1])["parts"]["static files"]["said"]


def test_without_it_a_process_is_not_ready_and_says_what_to_do(desk, tmp_path, monkeypatch):
    monkeypatch.setitem(desk.settings, "DESK_STATIC_ROOT", str(tmp_path / "nothing"))
    with web(desk):
        assert desk.get("/readyz")[0] == 503
        assert static_state(desk) == "not collected: run `manage.py upgrade`"


def test_after_it_every_page_has_its_files(desk):
    step_back(desk)
    said = desk.manage("upgrade")
    assert "applied" in said
    assert "collected in" in said
    with web(desk):
        assert desk.get("/readyz")[0] == 200
        status, page = desk.get("/accounts/login/", HOST)
        assert (status, "/static/css/" in page) == (200, True)


def test_it_may_be_repeated(desk, collected):
    assert "all applied" in desk.manage("upgrade")


def test_files_of_another_release_are_noticed_and_mended(desk, collected):
    style = desk.folder / "static" / "css" / "tokens.css"
    style.write_text("/* of the release before */")
    with web(desk):
        assert static_state(desk) == "1 are missing or from another release: run `manage.py upgrade`"
    desk.manage("upgrade")  # although the copy is newer than its source
    with web(desk):
        assert static_state(desk) == "collected"


def test_what_is_collected_after_a_process_began_needs_a_restart(desk, collected):
    manifest = desk.folder / "static" / "staticfiles.json"
    kept = manifest.read_bytes()
    manifest.write_text(json.dumps({"version": "1.1", "paths": {}, "hash": ""}))
    with web(desk):
        manifest.write_bytes(kept)
        assert static_state(desk) == "collected after this process started: restart it"


def test_two_at_once_are_refused(desk):
    with closing(psycopg2.connect(desk.postgres.url)) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        said = desk.manage("upgrade", ok=False)
    assert "Another upgrade is running" in said
    assert "Traceback" not in said


def test_database_of_a_later_version_is_refused(desk):
    with database(desk) as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('mentions', '9999_of_tomorrow', now())"
        )
        said = desk.manage("upgrade", ok=False)
        cursor.execute("DELETE FROM django_migrations WHERE name = '9999_of_tomorrow'")
    assert "mentions.9999_of_tomorrow" in said
    assert "Nothing was changed" in said


def test_database_that_does_not_answer_is_reported(desk, monkeypatch):
    monkeypatch.setitem(desk.settings, "DATABASE_URL", "postgresql://desk@127.0.0.1:1/desk")
    said = desk.manage("upgrade", ok=False)
    assert "DATABASE_URL: no connection" in said
    assert "Traceback" not in said


def test_wrong_setting_is_reported_before_anything_is_done(desk, monkeypatch):
    monkeypatch.setitem(desk.settings, "DESK_UNDO_SECONDS", "soon")
    said = desk.manage("upgrade", ok=False)
    assert "DESK_UNDO_SECONDS is not a whole number" in said
    assert "Traceback" not in said


def test_running_workers_are_not_pulled_the_tables_from_under(desk):
    step_back(desk)
    argv = [sys.executable, "-m", "celery", "-A", "advocacy", "worker", "--concurrency", "1", "-n", "test@here"]
    worker = Kept(argv, env=desk.env, cwd=ROOT, log=desk.folder / "worker.log")
    try:
        deadline = time.monotonic() + 90
        while " ready." not in (
            (desk.folder / "worker.log").read_text() if (desk.folder / "worker.log").exists() else ""
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        said = desk.manage("upgrade", ok=False)
        assert "workers are running: test@here" in said
        assert "Nothing was changed" in said
    finally:
        worker.stop()
    assert "applied" in desk.manage("upgrade")


def test_redis_that_is_away_does_not_keep_it_from_its_work(desk):
    step_back(desk)
    desk.redis.stop()
    try:
        said = desk.manage("upgrade")
        assert "cannot check for running workers" in said
    finally:
        desk.redis.start()
