"""Database sessions: limits, settings in DATABASE_URL, and poolers."""

from types import SimpleNamespace

import pytest
from django.db import NotSupportedError, OperationalError, connection

from channels.db import db_session
from channels.db.db_session import Limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(monkeypatch):
    """Opens separate connections to the test database: `session(limits, options="…")`."""
    made = []

    def make(limits=None, **options):
        monkeypatch.setattr(db_session, "_limits", limits or Limits())
        other = connection.copy()
        other.settings_dict = {
            **connection.settings_dict,
            "OPTIONS": {**connection.settings_dict["OPTIONS"], **options},
        }
        made.append(other)
        return other

    yield make
    for each in made:
        each.close()


def show_setting(session, name):
    with session.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return cursor.fetchone()[0]


def run(session, sql):
    with session.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def test_web_and_worker_are_limited_as_set_and_commands_are_not(session, settings):
    settings.WEB_STATEMENT_TIMEOUT_SECONDS, settings.WORKER_STATEMENT_TIMEOUT_SECONDS = 15, 60
    settings.LOCK_TIMEOUT_SECONDS = 10
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    found = {}
    for who in ("web", "worker", "commands"):
        other = session(getattr(db_session, f"for_{who}")())
        found[who] = [show_setting(other, name) for name in names]
    assert found == {"web": ["15s", "10s", "1min"], "worker": ["1min", "30s", "1min"], "commands": ["0", "0", "1min"]}


def test_a_statement_that_takes_too_long_is_stopped_and_the_session_goes_on(session):
    other = session(Limits(statement_ms=50))
    with pytest.raises(OperationalError, match="statement timeout"):
        run(other, "SELECT pg_sleep(20)")
    assert run(other, "SELECT 1") == [(1,)]


def test_a_lock_is_not_waited_for_for_ever(session):
    holder, other = session(), session(Limits(lock_ms=50))
    run(holder, "BEGIN")
    run(holder, "SELECT pg_advisory_xact_lock(4711)")
    with pytest.raises(OperationalError, match="lock timeout"):
        run(other, "SELECT pg_advisory_xact_lock(4711)")
    run(holder, "ROLLBACK")


def test_long_work_may_lift_the_limit_for_its_transaction(session):
    other = session(Limits(statement_ms=80))
    with pytest.raises(OperationalError):
        run(other, "SELECT pg_sleep(0.2)")
    run(other, "BEGIN")
    run(other, "SET LOCAL statement_timeout = 0")
    run(other, "SELECT pg_sleep(0.2)")
    run(other, "COMMIT")
    assert show_setting(other, "statement_timeout") == "80ms"


def test_without_limits_is_one_transaction(monkeypatch):
    with db_session.without_limits(connection):
        assert show_setting(connection, "statement_timeout") == "0"
        assert connection.in_atomic_block


@pytest.mark.parametrize(
    "given", ["-c search_path=pg_catalog -c statement_timeout=3s", "--search_path=pg_catalog --statement_timeout=3000"]
)
def test_options_of_the_url_are_kept_and_win(session, given):
    other = session(Limits(statement_ms=15_000, lock_ms=10_000), options=given)
    assert show_setting(other, "search_path") == "pg_catalog"
    assert (show_setting(other, "statement_timeout"), show_setting(other, "lock_timeout")) == ("3s", "10s")


def test_a_server_is_not_taken_for_a_pooler(session):
    other = session()
    run(other, "SELECT 1")
    assert not db_session.is_pooled(other)


def test_behind_a_pooler_limits_go_with_each_transaction(session):
    """Here only the setting; a real pooler is in advocacy/tests/test_pooler.py."""
    other = session(Limits(statement_ms=50))
    other.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
    assert run(other, "SELECT current_setting('statement_timeout')") == [("50ms",)]
    with pytest.raises(OperationalError, match="statement timeout"):
        run(other, "SELECT pg_sleep(20)")
    with other.connection.cursor() as past_us:
        past_us.execute("SHOW statement_timeout")
        assert past_us.fetchone() == ("0",)  # nothing is left in the session for its next user


def test_behind_a_pooler_the_limit_holds_in_the_whole_transaction(session):
    other = session(Limits(statement_ms=50))
    other.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
    other.ensure_connection()
    other.set_autocommit(False)
    run(other, "SELECT 1")
    assert run(other, "SELECT current_setting('statement_timeout')") == [("50ms",)]
    other.rollback()
    assert run(other, "SELECT current_setting('statement_timeout')") == [("50ms",)]
    other.rollback()


def test_an_old_postgresql_is_refused_with_what_is_needed():
    closed = []
    old = SimpleNamespace(
        vendor="postgresql", connection=SimpleNamespace(server_version=150018), close=lambda: closed.append(True)
    )
    with pytest.raises(NotSupportedError, match=r"PostgreSQL 16 or newer is required; DATABASE_URL points to 15\."):
        db_session.prepare(old)
    assert closed


def test_a_server_that_does_not_answer_is_given_up_on_soon():
    assert 1 <= connection.settings_dict["OPTIONS"]["connect_timeout"] <= 10
