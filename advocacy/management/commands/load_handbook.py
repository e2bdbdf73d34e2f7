"""`manage.py load_handbook [--dry-run] [--company …]`: loads the preset's channels, macros, topics, guidelines and
views."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from advocacy.handbook import loading
from advocacy.handbook.company import BadName, Company
from advocacy.handbook.loading import Change, LoadAction
from channels.clocks import desk_now

SIGNS = {
    LoadAction.ADD: "+",
    LoadAction.UPDATE: "~",
    LoadAction.KEEP: "=",
    LoadAction.GONE: "-",
    LoadAction.CLASH: "!",
    LoadAction.SAME: " ",
}
WORDS = {
    LoadAction.ADD: "added",
    LoadAction.UPDATE: "updated",
    LoadAction.SAME: "unchanged",
    LoadAction.KEEP: "kept, because somebody changed them",
    LoadAction.CLASH: "skipped, because something else has the name, address or default",
    LoadAction.GONE: "skipped, because somebody deleted them",
}


class Command(BaseCommand):
    help = (
        "Loads the preset for a team of community advocates. Run it again after an update: it adds new rows and "
        "never overwrites what somebody changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        usual = Company()
        for name, what in (
            ("company", f"company name (default: {usual.name})"),
            ("handle", f"Twitter handle without @ (default: {usual.handle})"),
            ("domain", f"domain of mail and website (default: {usual.domain})"),
            ("person", f"local part of the personal inbox to track, or several with commas (default: {usual.person})"),
        ):
            parser.add_argument(f"--{name}", help=f"{what}; if omitted, the value of the last load")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, without changing anything")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {"name": options["company"], **{name: options[name] for name in ("handle", "domain", "person")}}
        try:
            company = replace(
                loading.remembered(), **{name: value for name, value in given.items() if value is not None}
            )
        except BadName as error:
            raise CommandError(str(error)) from error
        changes = loading.load(company, now=desk_now(), dry_run=options["dry_run"])
        for change in changes:
            if change.deed is not LoadAction.SAME or options["verbosity"] > 1:
                self.stdout.write(line(change))
        self._sum_up(changes, dry_run=options["dry_run"])

    def _sum_up(self, changes: list[Change], *, dry_run: bool) -> None:
        counts = Counter(change.deed for change in changes)
        summary = ", ".join(f"{counts[deed]} {words}" for deed, words in WORDS.items() if counts[deed])
        self.stdout.write(f"{'Nothing was changed (dry run). Result would be: ' if dry_run else ''}{summary}.")
        if not dry_run and counts[LoadAction.ADD]:
            self.stdout.write("Next: fill in the credentials of each paused connection in the admin, then resume it.")


def line(change: Change) -> str:
    """One row as text: `~ channel @acme: guidelines (kept: priority)`."""
    what = ", ".join(change.updated)
    kept = f" (kept: {', '.join(change.kept)})" if change.kept else ""
    return f"{SIGNS[change.deed]} {change.kind} {change.name}{': ' + what if what else ''}{kept}"
