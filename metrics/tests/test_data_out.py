"""Data exports and reporting views: streamed in little memory, limited to what the reader may see, and every column
documented."""

import csv
import io
import json
import re
import tracemalloc
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from experts.tests.factories import OutreachFactory
from mentions.models import AudienceLimit, Message, Tag, Ticket
from mentions.tests.factories import NOON, ChannelFactory, MessageFactory, TicketFactory, UserFactory
from metrics.bi import role
from metrics.exports import running, streaming
from metrics.exports.kinds import KINDS
from metrics.models import ExportRun

pytestmark = pytest.mark.django_db
DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "data-out.md").read_text()
SECRET = "quokka"
VIEWS = role.LATEST.VIEWS


@pytest.fixture
def conversations():
    """A public ticket, one in a restricted channel, and a public one merged with a restricted one."""
    public, hidden = ChannelFactory(name="News"), ChannelFactory(name=SECRET, slug=SECRET, visible_to=["admin"])
    shown, secret, joined = (
        TicketFactory(channel=channel, subject=subject)
        for channel, subject in ((public, "=open"), (hidden, SECRET), (public, SECRET))
    )
    AudienceLimit.objects.get_or_create(ticket=joined, channel=hidden)
    for ticket in (shown, secret, joined):
        text = "+1 open" if ticket is shown else SECRET
        MessageFactory(ticket=ticket, channel=ticket.channel, text=text, subject="")
        OutreachFactory(ticket=ticket)
        ticket.tags.add(Tag.objects.get_or_create(name=f"tag-{ticket.subject.strip('=')}")[0])
    return shown, secret, joined


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def manager():
    return UserFactory(role="manager")


def exported(user, kind, form="csv", **days):
    response = client_of(user).post(reverse("metrics:export"), {"kind": kind, "form": form, **days})
    assert response.status_code == 200, response
    return b"".join(response.streaming_content).decode()


def rows(text):
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


# --- exports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", streaming.FORMS)
def test_an_export_holds_exactly_what_its_reader_may_see(conversations, kind, form):
    text, whole = exported(manager(), kind, form), exported(UserFactory(role="admin"), kind, form)
    assert SECRET not in text
    assert str(conversations[1].pk) not in [row.get("ticket_id") for row in rows(text)]
    count = len(rows(whole)) if form == "csv" else len(whole.splitlines())
    assert count == KINDS[kind].model.objects.count() >= 3
    assert (SECRET in whole) == (kind != "outreaches")


@pytest.mark.parametrize("kind", KINDS)
def test_csv_and_json_lines_say_the_same_under_the_documented_heads(conversations, kind):
    user = manager()
    table, objects = rows(exported(user, kind)), [json.loads(x) for x in exported(user, kind, "jsonl").splitlines()]
    assert list(table[0]) == list(objects[0]) == KINDS[kind].heads == documented(kind)
    for row, thing in zip(table, objects, strict=True):
        assert {name: streaming.spreadsheet_safe(streaming._cell(value)) for name, value in thing.items()} == {
            name: int(value) if isinstance(thing[name], int) and not isinstance(thing[name], bool) else value
            for name, value in row.items()
        }


def test_formulas_are_text_in_csv_and_themselves_in_json(conversations):
    user = manager()
    assert rows(exported(user, "tickets"))[0]["subject"] == "'=open"
    assert rows(exported(user, "messages"))[0]["text"] == "'+1 open"
    assert json.loads(exported(user, "tickets", "jsonl"))["subject"] == "=open"


def test_a_deleted_message_has_no_text(conversations):
    Message.objects.update(is_deleted=True)
    assert {row["text"] for row in rows(exported(UserFactory(role="admin"), "messages"))} == {""}


def test_days_are_those_of_the_reader_and_include_both_ends():
    for hours in (-1, 0, 23, 24):
        TicketFactory(posted_at=NOON.replace(hour=0) + timedelta(hours=hours))
    day = NOON.date().isoformat()
    assert len(rows(exported(manager(), "tickets", **{"from": day, "to": day}))) == 2
    assert len(rows(exported(manager(), "tickets", **{"from": day}))) == 3
    assert len(rows(exported(manager(), "tickets", to=day))) == 3


@pytest.mark.parametrize("page", [1, 2, 3, 50])
def test_pages_neither_lose_nor_repeat_a_row_even_at_the_same_moment(monkeypatch, page):
    monkeypatch.setattr(streaming, "PAGE", page)
    for n in range(7):
        TicketFactory(posted_at=NOON + timedelta(minutes=n // 3))
    numbers = [int(row["ticket_id"]) for row in rows(exported(manager(), "tickets"))]
    assert numbers == list(Ticket.objects.order_by("posted_at", "pk").values_list("pk", flat=True))


def test_the_memory_of_an_export_does_not_grow_with_its_rows(monkeypatch):
    """Rows are generated as they are read: 20,000 rows of 4 kB are 80 MB."""

    class Endless:
        def __init__(self, left):
            self.left = left

        def __getattr__(self, name):
            return lambda *args, **kwargs: self

        def __getitem__(self, some):
            count = min(some.stop, self.left)
            self.left -= count
            return [(n, "x" * 4000, NOON, n) for n in range(count)]

    kind = KINDS["tickets"]

    def peak(count):
        tracemalloc.start()
        for _piece in streaming.lines(kind, Endless(count), "csv", lambda read: None):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    small = peak(2 * streaming.PAGE)
    assert peak(20 * streaming.PAGE) < 1.5 * small


def test_progress_is_noted_while_it_runs_and_a_broken_one_is_said(conversations, monkeypatch):
    monkeypatch.setattr(streaming, "PAGE", 1)
    user = UserFactory(role="admin")
    run, pieces = running.begin(user, "tickets", "csv", (None, None), UTC, NOON)
    client, page = client_of(user), reverse("metrics:exports")
    for _piece in range(3):
        next(pieces)
    run.refresh_from_db()
    assert (run.rows_done, run.rows_total, run.finished_at) == (1, 3, None)
    monkeypatch.setattr("metrics.exports.views.desk_now", lambda: NOON + timedelta(minutes=1))
    assert "1 of 3 rows" in client.get(page, {"only": "runs"}).content.decode()
    monkeypatch.setattr("metrics.exports.views.desk_now", lambda: NOON + timedelta(minutes=10))
    assert "Interrupted after 1 of 3 rows" in client.get(page).content.decode()
    list(pieces)
    assert "3 rows" in client.get(page).content.decode()
    assert running.prune(NOON + 2 * running.KEPT) == 1


def test_an_export_is_in_the_audit_log_before_its_first_row(conversations):
    user = manager()
    response = client_of(user).post(reverse("metrics:export"), {"kind": "messages", "form": "csv"})
    entry = Entry.objects.get(kind="exported")
    assert (entry.actor_id, entry.subject_name, entry.details["rows"]) == (user.pk, "messages", 1)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="messages-')


@pytest.mark.parametrize(
    "given",
    [{}, {"kind": "users", "form": "csv"}, {"kind": "tickets", "form": "xlsx"},
     {"kind": "tickets", "form": "csv", "from": "yesterday"}],
)  # fmt: skip
def test_odd_values_export_nothing_and_say_so(given):
    page = client_of(manager()).post(reverse("metrics:export"), given, follow=True).content.decode()
    assert "Nothing was exported" in page
    assert not ExportRun.objects.exists()


def test_more_than_a_browser_can_have_is_refused_and_the_command_takes_it(conversations, monkeypatch, capsys):
    monkeypatch.setattr(running, "MAX_ROWS", 2)
    admin = UserFactory(role="admin", username="root")
    page = client_of(admin).post(reverse("metrics:export"), {"kind": "tickets", "form": "csv"}, follow=True)
    assert "the limit is 2" in page.content.decode()
    call_command("export_data", "tickets", "--as", "root", "--form", "jsonl")
    out, err = capsys.readouterr()
    assert [json.loads(line)["ticket_id"] for line in out.splitlines()] == [t.pk for t in conversations]
    assert "3 rows." in err
    assert Entry.objects.get(kind="exported").details["by"] == "manage.py export_data"


@pytest.mark.parametrize("wrong", [["--as", "nobody"], ["--as", "root", "--from", "x"]])
def test_the_command_says_what_is_wrong(wrong):
    UserFactory(username="root")
    with pytest.raises(CommandError, match=r"nobody|YYYY"):
        call_command("export_data", "tickets", *wrong)


def test_exports_are_shown_to_who_made_them(conversations):
    one, other = manager(), manager()
    exported(one, "tickets")
    assert "Tickets (CSV)" in client_of(one).get(reverse("metrics:exports")).content.decode()
    assert "No exports yet" in client_of(other).get(reverse("metrics:exports")).content.decode()


# --- views ------------------------------------------------------------------------------------------------------------


def documented(head):
    """The columns that the document lists under this heading."""
    part = re.split(rf"^### {re.escape(head)}$", DOCUMENT, flags=re.MULTILINE)[1].split("\n#")[0]
    return [row.split("|")[1].strip() for row in part.splitlines() if row.startswith("| ")][2:]


@pytest.fixture
def reader():
    """A session with only the role's rights, as a BI tool has; it sees the test's uncommitted rows."""
    name, are_views_there, is_role_there = role.install()
    assert are_views_there
    assert is_role_there
    with connection.cursor() as cursor:
        cursor.execute(f'SET LOCAL SESSION AUTHORIZATION "{name}"')
        yield cursor
        cursor.execute("RESET SESSION AUTHORIZATION")


def columns_of(cursor, view):
    cursor.execute(f"SELECT * FROM reporting.{view} LIMIT 0")
    return [column.name for column in cursor.description]


def test_every_view_and_column_is_documented_and_no_other(reader):
    reader.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'reporting'")
    there = {row[0] for row in reader.fetchall()}
    assert there == set(VIEWS) == set(re.findall(r"^### reporting\.(\w+)$", DOCUMENT, re.MULTILINE))
    assert {view: columns_of(reader, view) for view in there} == {v: documented(f"reporting.{v}") for v in there}


def test_views_hold_nothing_of_a_restricted_ticket_and_all_of_the_others(conversations, reader):
    shown = conversations[0]
    for view in VIEWS:
        reader.execute(f"SELECT * FROM reporting.{view}")
        found = reader.fetchall()
        assert SECRET not in str(found), view
        if view != "channels":
            place = columns_of(reader, view).index("ticket_id")
            assert {row[place] for row in found} == {shown.pk}, view
    reader.execute("SELECT name FROM reporting.channels")
    assert ("News",) in reader.fetchall()


def test_a_condition_of_the_readers_sees_no_row_that_the_view_leaves_out(conversations, reader):
    """Without `security_barrier`, a failing cast would reveal the value it read."""
    for view in VIEWS:
        reader.execute(f"SELECT reloptions FROM pg_class WHERE oid = 'reporting.{view}'::regclass")
        assert reader.fetchone() == (["security_barrier=true"],)


def test_no_table_of_the_desk_is_open_to_the_role(reader):
    reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = [row[0] for row in reader.fetchall()]
    assert len(tables) > 80
    for table in tables:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            reader.execute(f'SELECT 1 FROM "{table}" LIMIT 1')


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM reporting.tickets", "UPDATE reporting.channels SET name = 'x'", "DROP VIEW reporting.tickets",
        "CREATE TABLE reporting.x (y int)", "CREATE TABLE public.x (y int)",
    ],
)  # fmt: skip
def test_the_role_changes_nothing(reader, statement):
    refused = r"permission denied|must be owner|cannot update|cannot delete"
    with pytest.raises(DatabaseError, match=refused), transaction.atomic():
        reader.execute(statement)


def test_the_command_says_what_is_ready_and_what_an_administrator_has_to_do(capsys):
    call_command("reporting_role")
    assert "_reporting TO your_tool;" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA reporting CASCADE; CREATE ROLE weak")
        cursor.execute("SET LOCAL SESSION AUTHORIZATION weak")
        with pytest.raises(CommandError, match="GRANT CREATE ON DATABASE"):
            call_command("reporting_role")
        cursor.execute("RESET SESSION AUTHORIZATION")
