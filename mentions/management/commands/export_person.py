"""`manage.py export_person`: exports everything the desk holds about one person as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from mentions.personal_data import choosing, exporting
from mentions.personal_data.erasing import subject_of


class Command(BaseCommand):
    help = "Writes a ZIP file with everything the desk stores about one person: data.json and the files."

    def add_arguments(self, parser: Any) -> None:
        choosing.add_arguments(parser)
        parser.add_argument("file", type=Path, help="the ZIP file to write; it must not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        scope, now = choosing.chosen(options), desk_now()
        try:
            with options["file"].open("xb") as out:
                counts = exporting.export(scope, out, now)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error}") from error
        log.record(
            EntryKind.EXPORTED, now=now, actor_name="manage.py export_person", subject=subject_of(scope), details=counts
        )
        for what, count in counts.items():
            self.stdout.write(f"  {count} {what}")
