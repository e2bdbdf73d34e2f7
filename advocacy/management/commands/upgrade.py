"""`manage.py upgrade`: everything a new version needs before its processes start, in the right order.

Safe to repeat: completed steps are skipped. If it would do harm it refuses before changing anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from advocacy.celery import app
from advocacy.monitoring import connecting
from advocacy.runtime import static_files
from mentions.models import PresetRecord

LOCK = 0x6465736B  # "desk"
PING_S = 2.0


class Command(BaseCommand):
    help = "Checks the settings, migrates the database, collects the static files and empties the cache."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--while-running", action="store_true", help="migrate even if workers are running")

    def handle(self, *args: Any, **options: Any) -> None:
        for message in connecting.database(None):
            raise CommandError(f"{message.msg} {message.hint}")
        with _the_only_one():
            waiting = self._waiting_migrations()
            if waiting and not options["while_running"]:
                self._refuse_running_workers(waiting)
            self._step(_("migrations"), self._migrate, waiting)
            self._step(_("static files"), self._collect)
            self._step(_("cache"), self._empty_cache)
        self._say_what_is_left()

    def _step(self, name: str, act: Any, *args: Any) -> None:
        self.stdout.write(f"{name}: {act(*args)}")

    def _waiting_migrations(self) -> int:
        """Number of unapplied migrations; refuses a database migrated by a later version."""
        executor = MigrationExecutor(connection)
        loader = executor.loader
        replaced = {old for migration in loader.disk_migrations.values() for old in migration.replaces}
        later = sorted(set(loader.applied_migrations) - set(loader.disk_migrations) - replaced)
        if unknown := [f"{label}.{name}" for label, name in later if label in loader.migrated_apps]:
            raise CommandError(
                _(
                    "The database was migrated by a later version of the desk (%(names)s). Install that version, or "
                    "roll back with it first: manage.py migrate <app> <migration>. Nothing was changed."
                )
                % {"names": ", ".join(unknown)}
            )
        return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

    def _refuse_running_workers(self, waiting: int) -> None:
        """Their code expects the current tables."""
        try:
            answers = app.control.ping(timeout=PING_S)
        except Exception as error:  # any error of the broker's client
            self.stderr.write(
                _("Redis is not responding (%(kind)s): cannot check for running workers.")
                % {"kind": type(error).__name__}
            )
            return
        if names := sorted(name for answer in answers for name in answer):
            raise CommandError(
                _(
                    "%(count)d migrations are pending, but workers are running: %(names)s. Stop beat and the workers "
                    "first. Nothing was changed."
                )
                % {"count": waiting, "names": ", ".join(names)}
            )

    def _migrate(self, waiting: int) -> str:
        if not waiting:
            return _("all applied")
        call_command("migrate", interactive=False, verbosity=0)
        return _("%(count)d applied") % {"count": waiting}

    def _collect(self) -> str:
        folder = static_files.root()
        if folder is None:
            return _("served from source: DESK_STATIC_ROOT is not set")
        for name in static_files.stale(folder):
            # Django keeps a copy newer than its source, whatever its content.
            (folder / name).unlink(missing_ok=True)
        call_command("collectstatic", interactive=False, verbosity=0)
        if old := static_files.stale(folder):
            raise CommandError(_("These static files were not collected: %(names)s") % {"names": ", ".join(old[:5])})
        return _("%(count)d collected in %(folder)s") % {"count": len(static_files.sources()), "folder": folder}

    def _empty_cache(self) -> str:
        """Cached values may have a different format."""
        cache.clear()
        return _("emptied")

    def _say_what_is_left(self) -> None:
        if PresetRecord.objects.exists():
            self.stdout.write(_("This desk uses the handbook preset: run `manage.py load_handbook` to update it."))
        self.stdout.write(_("Ready. Start web, workers and beat again."))


@contextmanager
def _the_only_one() -> Iterator[None]:
    """Concurrent upgrades would run the same migrations. The lock is held by a transaction on a separate connection, so
    that a pooler can't give its session to anybody else."""
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                raise CommandError(_("Another upgrade is running on this database. Nothing was changed."))
            yield
    except DatabaseError as error:
        raise CommandError(_("Database error: %(said)s") % {"said": error}) from error
    finally:
        holder.close()
