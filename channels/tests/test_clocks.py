"""The desk's clock is the database's: on a machine with a wrong clock, and while the database is down."""

import ast
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from channels import clocks
from channels.clocks import desk_now

ROOT = Path(__file__).resolve().parents[2]
AGREED = timedelta(minutes=1)
"""Between two clocks that are asked one after the other on a busy machine; wrong ones are ten minutes off."""
_asked = clocks.ask_database


@pytest.fixture
def asking(monkeypatch):
    """The real clock, before its first read."""
    monkeypatch.setattr(clocks, "ask_database", _asked)
    monkeypatch.setattr(clocks, "_reading", None)
    monkeypatch.setattr(clocks, "_ask_at_s", 0.0)


def database_now():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [-600, -10, 10, 600])
def test_desk_now_on_a_machine_with_a_wrong_clock_is_the_databases(asking, minutes):
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True):
        assert abs(desk_now() - database_now()) < AGREED


@pytest.mark.django_db
def test_desk_now_when_the_machines_clock_jumps_does_not_jump(asking):
    desk_now()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=3), tick=True):
        assert abs(desk_now() - database_now()) < AGREED


@pytest.mark.django_db
def test_desk_now_while_the_database_is_away_runs_on(asking, monkeypatch):
    before = desk_now()
    monkeypatch.setattr(clocks, "_ask_at_s", 0.0)
    monkeypatch.setattr(clocks, "ask_database", lambda: None)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=3), tick=True):
        assert timedelta(0) <= desk_now() - before < AGREED
    assert clocks._ask_at_s - time.monotonic() <= clocks.ASK_AGAIN_S, "it is asked again soon"


def test_desk_now_before_the_first_answer_is_the_machines(asking, monkeypatch):
    monkeypatch.setattr(clocks, "ask_database", lambda: None)
    assert abs(desk_now() - datetime.now(UTC)) < AGREED


@pytest.mark.django_db
def test_desk_now_costs_the_pages_no_query(asking, django_assert_num_queries):
    with django_assert_num_queries(0):
        desk_now()
    assert clocks._reading is not None, "it was asked"


@pytest.mark.django_db
def test_desk_now_in_a_broken_transaction_breaks_nothing_more(asking):
    with transaction.atomic():
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")
        assert abs(desk_now() - datetime.now(UTC)) < AGREED
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_desk_now_takes_no_step_back_for_a_reading_that_says_the_same(asking, monkeypatch):
    desk_now()
    first = clocks._reading
    monkeypatch.setattr(clocks, "ask_database", first.now_s)
    monkeypatch.setattr(clocks, "_ask_at_s", 0.0)
    desk_now()
    assert clocks._reading is first
    monkeypatch.setattr(clocks, "ask_database", lambda: time.time() + 600)
    monkeypatch.setattr(clocks, "_ask_at_s", 0.0)
    assert desk_now() - datetime.now(UTC) > timedelta(minutes=9), "another server's clock is followed"


# --- nothing reads any other clock ----------------------------------------------------------------------------------

WRONG = {"timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
FIELDS = {"auto_now", "auto_now_add"}
BY_ITSELF = {"OAuth1": "timestamp", "formatdate": "timeval", "email.utils.formatdate": "timeval"}
"""Calls into libraries that ask the machine's clock unless they are given the time, by this argument."""
ALLOWED = {"channels/clocks.py": "this is where it is asked"}


def askers():
    for app in ("advocacy", "channels", "experts", "mentions", "metrics"):
        for path in sorted((ROOT / app).rglob("*.py")):
            place = path.relative_to(ROOT)
            if not {"tests", "migrations"} & set(place.parts) and str(place) not in ALLOWED:
                yield from (f"{place}:{line} {what}" for line, what in asked_in(path.read_text()))


def asked_in(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in WRONG:
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Call) and (argument := BY_ITSELF.get(ast.unparse(node.func))):
            if argument not in {given.arg for given in node.keywords}:
                yield node.lineno, ast.unparse(node.func)
        elif isinstance(node, ast.keyword) and node.arg in FIELDS:
            yield node.value.lineno, node.arg
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((node.lineno, "time.time") for name in node.names if name.name in ("time", "time_ns"))


def test_nothing_of_the_desk_asks_the_machines_clock():
    """Leases, undo windows, due times: one process writes them and another judges them. Pass `desk_now()`."""
    assert list(askers()) == []


@pytest.mark.parametrize(
    "source",
    [
        "now = timezone.now()",
        "x = field(default=timezone.now)",
        "a = datetime.now(UTC)",
        "b = int(time.time())",
        "from time import time",
        "c = DateTimeField(auto_now_add=True)",
        "d = OAuth1(key, client_secret=secret)",
        "e = email.utils.formatdate()",
    ],
)
def test_the_walk_finds_what_asks(source):
    assert list(asked_in(source))
