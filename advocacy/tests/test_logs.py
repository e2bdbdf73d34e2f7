"""Logs: the configured level, and folding of equal messages; with real processes while Redis is down."""

import io
import logging
import os
import subprocess
import sys
import time

import pytest
from redis import Redis

from advocacy.embedded.process import Kept
from advocacy.runtime import logs
from advocacy.runtime.logs import FoldingHandler
from advocacy.tests.bare_desk import ROOT, BareDesk


@pytest.fixture
def log():
    """A logger with the handler, and its output so far."""
    handler = FoldingHandler()
    handler.stream = io.StringIO()
    logger = logging.getLogger("test of folding")
    logger.propagate, logger.level = False, logging.DEBUG
    logger.addHandler(handler)
    logger.written = lambda: handler.stream.getvalue().splitlines()
    logger.handler = handler
    yield logger
    logger.removeHandler(handler)


def a_minute_later(monkeypatch):
    later = time.monotonic() + logs.WINDOW_S + 1
    monkeypatch.setattr(logs.time, "monotonic", lambda: later)


def test_equal_complaints_are_written_once_and_counted_after_a_minute(log, monkeypatch):
    for port in range(5):
        log.error("Cannot connect to %s", port)
    assert log.written() == ["Cannot connect to 0"]
    a_minute_later(monkeypatch)
    log.info("something else")
    assert log.written()[1:] == ["4 more like this in the last 60 s: Cannot connect to 4", "something else"]


def test_an_outage_that_goes_on_is_logged_again_each_minute(log, monkeypatch):
    log.error("away")
    log.error("away")
    a_minute_later(monkeypatch)
    log.error("away")
    log.error("away")
    assert log.written() == ["away", "1 more like this in the last 60 s: away", "away"]


def test_information_is_never_folded(log):
    for _ in range(3):
        log.info("Task received")
    assert len(log.written()) == 3


def test_different_complaints_are_told_apart(log):
    def fail(kind):
        try:
            raise kind("x")
        except Exception:
            log.exception("It failed.")

    fail(ValueError)
    fail(KeyError)
    fail(ValueError)
    log.error("%(name)s failed", {"name": "poll"})
    log.error("%(name)s failed", {"name": "send"})
    log.warning("It failed.")
    text = "\n".join(log.written())
    assert text.count("It failed.") == 3
    assert (text.count("ValueError"), text.count("KeyError: ")) == (1, 1)
    assert "poll failed" in text
    assert "send failed" in text


def test_what_was_suppressed_is_counted_at_the_end(log):
    log.error("away")
    log.error("away")
    log.handler.close()
    assert log.written()[-1] == "1 more like this in the last 60 s: away"


def test_complaints_without_end_take_no_memory_without_end(log):
    for number in range(logs.MAX_REMEMBERED * 3):
        log.error(f"a new one {number}")
    assert len(log.handler._seen) <= logs.MAX_REMEMBERED
    assert len(log.written()) == logs.MAX_REMEMBERED * 3


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\x1b[2K", "\x85", "\u2028"])
def test_what_outsiders_write_begins_no_line_of_its_own(log, break_):
    log.handler.setFormatter(logs.OneLineFormatter("%(levelname)s %(message)s"))
    log.warning("Not Found: %s", f"/x{break_}2026-01-01 ERROR forged")
    assert len(log.written()) == 1
    assert break_ not in log.written()[0]
    assert "ERROR forged" in log.written()[0]


# --- real processes -------------------------------------------------------------------------------------------------


def program(desk, name, *argv, **settings):
    env = {**desk.env, **settings, "PYTHONUNBUFFERED": "1"}
    return Kept([sys.executable, "-m", "celery", "-A", "advocacy", *argv], env=env, cwd=ROOT, log=desk.folder / name)


def text_of(desk, name):
    path = desk.folder / name
    return path.read_text(errors="replace") if path.exists() else ""


def wait_until(there, within_s=90):
    deadline = time.monotonic() + within_s
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_level_is_obeyed_and_an_outage_is_folded_in_worker_and_beat(tmp_path):
    level = {"DESK_LOG_LEVEL": "WARNING"}
    with BareDesk(tmp_path) as desk:
        started = [
            program(desk, "worker", "worker", "--concurrency", "1", "--loglevel", "DEBUG", **level),
            program(desk, "beat", "beat", "--schedule", str(tmp_path / "beat.db"), "--pidfile", "", **level),
        ]
        try:
            with Redis.from_url(desk.redis.url) as client:
                wait_until(lambda: client.exists("desk:seen:beat", "desk:seen:queue:desk") == 2)
            desk.redis.stop()
            wait_until(lambda: "Cannot connect" in text_of(desk, "worker"))
            time.sleep(6)  # both keep logging errors meanwhile
        finally:
            for each in started:
                each.stop()
        for name in ("worker", "beat"):
            said = text_of(desk, name)
            assert " INFO " not in said, name
            assert " DEBUG " not in said, name
            first = [
                line for line in said.splitlines() if "Cannot connect to redis" in line and "more like" not in line
            ]
            assert len(first) <= 1, (name, first)
            assert len(said) < 60_000, name


@pytest.mark.parametrize(("level", "shown"), [("DEBUG", 4), ("INFO", 3), ("ERROR", 1)])
def test_level_is_obeyed_by_web_and_commands(level, shown):
    code = (
        "import logging; log = logging.getLogger('django.something'); "
        "log.debug('said d'); log.info('said i'); log.warning('said w'); log.error('said e')"
    )
    env = {**os.environ, "DESK_LOG_LEVEL": level, "DJANGO_SETTINGS_MODULE": "advocacy.settings"}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.stderr.count(" said ") == shown, done.stderr
