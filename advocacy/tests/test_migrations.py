import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

OURS = ["audit", "channels", "mentions", "experts", "team", "metrics"]


@pytest.mark.django_db
def test_migrations_are_complete():
    call_command("makemigrations", "--check", "--dry-run", verbosity=1)


@pytest.mark.django_db
def test_every_migration_runs_backwards():
    loader = MigrationLoader(connection)
    wrong = [
        f"{app}.{name}: {operation.describe()}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in OURS
        for operation in migration.operations
        if not operation.reversible
    ]
    assert wrong == []


@pytest.mark.django_db(transaction=True)
def test_tables_go_and_come_back():
    """Backwards to nothing and forwards again, on the test's own database."""
    loader = MigrationLoader(connection)
    for app in (app for app in reversed(OURS) if app in loader.migrated_apps):
        call_command("migrate", app, "zero", verbosity=0)
    left = [name for name in connection.introspection.table_names() if name.split("_")[0] in OURS]
    call_command("migrate", verbosity=0)
    assert left == []
    assert any(name.startswith("mentions_") for name in connection.introspection.table_names())
