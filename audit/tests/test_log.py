"""Only one function writes the audit log, nothing changes its entries, and they outlive the people in them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import ProgrammingError, connection, transaction

from audit import log, pruning, reading
from audit.models import Entry

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def entry(days=0, **values):
    return log.record("login", now=NOW - timedelta(days=days), **values)


def somebody(name="vera"):
    return User.objects.create_user(name, first_name="Vera", last_name="Novak")


def test_an_entry_copies_the_names():
    vera = somebody()
    found = log.record("exported", now=NOW, actor=vera, subject=vera, details={"tickets": 3})
    assert (found.actor_id, found.actor_name) == (vera.pk, "vera (Vera Novak)")
    assert (found.subject_kind, found.subject_id) == ("auth.user", str(vera.pk))
    assert found.subject_name == "vera (Vera Novak)"
    assert found.lines == [("tickets", "3")]


def test_a_kind_that_nobody_has_named_is_a_mistake():
    with pytest.raises(ValueError, match="nonsense"):
        log.record("nonsense", now=NOW)


@pytest.mark.parametrize("name", ["\0", "\ud800", "x" * 5000, "a\0b\udfff"])
def test_whatever_somebody_types_can_be_stored(name):
    found = log.record("login_failed", now=NOW, actor_name=name, subject=name, details={name: [name, {"in": name}]})
    found.refresh_from_db()
    assert len(found.actor_name) <= 200


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET actor_name = 'nobody'",
        "UPDATE audit_entry SET at = at",
        "DELETE FROM audit_entry",
    ],
)
def test_the_database_refuses_to_change_an_entry(change):
    entry()
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert Entry.objects.count() == 1


def test_the_database_refuses_to_empty_the_log():
    """Tests that commit need TRUNCATE, so the test database disables this trigger. Here it is on, as in production."""
    entry()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_no_truncate")
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            cursor.execute("TRUNCATE audit_entry CASCADE")
        transaction.set_rollback(True)


def test_the_orm_cannot_do_it_either():
    found = entry()
    with pytest.raises(ProgrammingError), transaction.atomic():
        found.delete()
    found.actor_name = "somebody else"
    with pytest.raises(ProgrammingError), transaction.atomic():
        found.save()


def split_roles(cursor):
    """Runs the statements of docs/running.md verbatim for a login `desk_app`, then switches to that login."""
    text = (ROOT / "docs" / "running.md").read_text().partition("### The audit log")[2]
    statements = re.search(r"```sql\n(.*?)```", text, re.DOTALL)[1]
    cursor.execute("CREATE ROLE desk_app LOGIN; GRANT USAGE ON SCHEMA public TO desk_app")
    cursor.execute(re.sub(r"\bdesk\b", "desk_app", statements))
    cursor.execute("SET LOCAL SESSION AUTHORIZATION desk_app")


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_entry SET actor_name = 'nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_append_only ON audit_entry",
        "DROP TABLE audit_entry",
        "ALTER TABLE audit_entry OWNER TO desk_app",
        "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET ROLE desk_audit",
    ],
)
def test_with_the_roles_split_the_desks_own_login_can_only_add(attack):
    with transaction.atomic(), connection.cursor() as cursor:
        split_roles(cursor)
        entry()
        assert Entry.objects.count() == 1
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute(attack)
        transaction.set_rollback(True)


def test_what_is_past_its_retention_is_removed_and_that_is_recorded():
    for days in (0, 10, 40, 400):
        entry(days)
    assert pruning.prune(NOW, 30) == 2
    assert list(Entry.objects.order_by("pk").values_list("kind", flat=True)) == ["login", "login", "log_pruned"]
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        Entry.objects.all().delete()


def test_the_command_keeps_everything_by_default(settings, capsys):
    settings.AUDIT_RETENTION_DAYS = 0
    entry(10_000)
    call_command("prune_audit_log")
    assert Entry.objects.count() == 1


def test_the_command_says_who_may_remove_entries(settings):
    settings.AUDIT_RETENTION_DAYS = 30
    with transaction.atomic(), connection.cursor() as cursor:
        split_roles(cursor)
        with pytest.raises(CommandError, match="does not own the audit log"):
            call_command("prune_audit_log")
        transaction.set_rollback(True)


def test_pages_walk_the_whole_log_once():
    for n in range(reading.PER_PAGE * 2 + 5):
        entry(days=n % 7)
    seen, before = [], None
    while True:
        page = reading.page(reading.filtered(), before)
        seen += [found.pk for found in page.entries]
        before = page.before
        if before is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == reading.PER_PAGE * 2 + 5
