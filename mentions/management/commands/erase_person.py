"""`manage.py erase_person`: erases everything the desk holds about one person; figures stay."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels.clocks import desk_now
from mentions.personal_data import choosing, erasing
from mentions.personal_data import scope as scopes


class Command(BaseCommand):
    help = (
        "Erases a person with all their accounts: texts, names, files, raw inbox items, drafts, history. Tickets, "
        "times and counts stay. Items sent again under an erased ID stay out. This cannot be undone."
    )

    def add_arguments(self, parser: Any) -> None:
        choosing.add_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be erased without erasing anything"
        )
        parser.add_argument("--yes", action="store_true", help="skip the confirmation")

    def handle(self, *args: Any, **options: Any) -> None:
        scope = choosing.chosen(options)
        self.stdout.write(f"{scope.title}:")
        self._say(scopes.plan(scope))
        if options["dry_run"]:
            self.stdout.write("Nothing was erased.")
            return
        if not options["yes"] and input("This cannot be undone. Type ERASE to continue: ") != "ERASE":
            raise CommandError("Nothing was erased.")
        done = erasing.erase(scope, now=desk_now(), actor_name="manage.py erase_person")
        self.stdout.write("Erased:" if done else "Nothing left to erase.")
        self._say(done)

    def _say(self, counts: dict[str, int]) -> None:
        for what, count in counts.items():
            self.stdout.write(f"  {count} {what}")
