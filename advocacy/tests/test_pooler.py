"""The desk behind a real PgBouncer in transaction mode, which gives each transaction the next of three sessions."""

import json
import subprocess
import sys

import psycopg2
import pytest

from advocacy.tests.bare_desk import ROOT, BareDesk
from advocacy.tests.bouncer import Bouncer, program

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    program()  # without one nothing has to be started
    with BareDesk(tmp_path_factory.mktemp("desk")) as desk:
        visit(desk, "fill")
        yield desk


@pytest.fixture(scope="module")
def bouncer(desk):
    with Bouncer(desk.postgres) as bouncer:
        desk.settings["DATABASE_URL"] = bouncer.url
        yield bouncer


def visit(desk, *argv):
    """Output of `advocacy.tests.every_page` in the desk's environment."""
    done = subprocess.run(
        [sys.executable, "-m", "advocacy.tests.every_page", *argv],
        cwd=ROOT,
        env={**desk.env, "DESK_ALLOWED_HOSTS": "desk.example.com,testserver", "DESK_SECOND_FACTOR_ROLES": "none"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def shell(desk, code):
    return desk.manage("shell", "-v", "0", "-c", code).strip().splitlines()


def test_sessions_really_change_and_what_is_prepared_is_lost(bouncer):
    """Otherwise the tests below would prove nothing."""
    connection = psycopg2.connect(bouncer.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        pids = set()
        for _ in range(9):
            cursor.execute("SELECT pg_backend_pid()")
            pids.add(cursor.fetchone()[0])
        assert len(pids) > 1
        cursor.execute("PREPARE lost AS SELECT 1")
        with pytest.raises(psycopg2.errors.InvalidSqlStatementName):
            cursor.execute("EXECUTE lost")
    connection.close()


def test_every_page_and_the_login_work(desk, bouncer):
    answers = json.loads(visit(desk).rpartition("ANSWERS ")[2])
    assert len(answers) > 60
    assert {address: status for address, status in answers.items() if status >= 500} == {}
    assert answers["login"] == 302
    assert sum(status == 200 for status in answers.values()) > 40


def test_pooler_is_found_out_and_limits_go_with_each_transaction(desk, bouncer):
    code = """
from django.db import connection, transaction, OperationalError
from channels.db import db_session
db_session.limit(db_session.Limits(statement_ms=2500, lock_ms=200))
def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]
print([ask("SELECT current_setting('statement_timeout')") for _ in range(7)], db_session.is_pooled(connection))
with transaction.atomic():
    print([ask("SELECT current_setting('lock_timeout')") for _ in range(3)])
try:
    ask("SELECT pg_sleep(20)")
except OperationalError as error:
    print("statement timeout" in str(error))
"""
    assert shell(desk, code) == [f"{['2500ms'] * 7} True", str(["200ms"] * 3), "True"]
    connection = psycopg2.connect(bouncer.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        left = []
        for _ in range(6):
            cursor.execute("SHOW statement_timeout")
            left.append(cursor.fetchone()[0])
    connection.close()
    assert set(left) == {"0"}  # nothing of ours stays in a session that others get


def test_first_query_of_a_process_may_be_one_that_streams(desk, bouncer):
    code = (
        "from django.db import connection; connection.ensure_connection(); from mentions.models import Ticket; "
        "print(sum(1 for _ in Ticket.objects.order_by('pk').iterator(chunk_size=1)))"
    )
    assert int(shell(desk, code)[-1]) >= 2


def test_pooler_that_cannot_be_recognised_is_noticed_by_what_it_loses(desk, bouncer):
    code = """
from django.db import connection
from channels.db import db_session
from mentions.db import prepared
db_session._has_pooler = lambda connection: False
rows = [prepared.run("SELECT %(n)s + 1", {"n": n}) for n in range(9)]
print(rows == [[(n + 1,)] for n in range(9)], db_session.is_pooled(connection))
"""
    assert shell(desk, code)[-1] == "True True"


def test_migrations_run_back_and_forth(desk, bouncer):
    desk.migrate_quickly("experts", "zero")
    desk.migrate_quickly()


def test_options_that_the_pooler_refuses_are_explained(desk, bouncer, monkeypatch):
    monkeypatch.setitem(desk.settings, "DATABASE_URL", f"{bouncer.url}?options=-c%20search_path%3Dpublic")
    said = desk.manage("check", "--connect", ok=False)
    assert "desk.E041" in said
    assert "ignore_startup_parameters" in said
