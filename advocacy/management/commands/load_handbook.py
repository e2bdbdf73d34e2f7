"""`manage.py load_handbook [--dry-run] [--company …]`: channels, macros, topics, guidelines and views to begin with."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from advocacy.handbook import loading
from advocacy.handbook.company import BadName, Company
from advocacy.handbook.loading import Change, Deed

SIGNS = {Deed.ADD: "+", Deed.UPDATE: "~", Deed.KEEP: "=", Deed.GONE: "-", Deed.CLASH: "!", Deed.SAME: " "}
WORDS = {
    Deed.ADD: "added",
    Deed.UPDATE: "brought up to date",
    Deed.SAME: "as they are already",
    Deed.KEEP: "left as somebody changed them",
    Deed.CLASH: "not possible, since something else has the name, address or place",
    Deed.GONE: "not made again, since somebody deleted them",
}


class Command(BaseCommand):
    help = (
        "Loads the set-up of a team of community advocates. Run it again after an update: it adds what is new and "
        "never overwrites what somebody has changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        usual = Company()
        parser.add_argument("--company", default=usual.name, help=f"its name (default: {usual.name})")
        parser.add_argument("--handle", default=usual.handle, help=f"on Twitter, without @ (default: {usual.handle})")
        parser.add_argument("--domain", default=usual.domain, help=f"of mail and website (default: {usual.domain})")
        parser.add_argument(
            "--person", default=usual.person, help=f"whose inbox is tracked: what stands before the @ ({usual.person})"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        names = (str(options[name]) for name in ("company", "handle", "domain", "person"))
        try:
            company = Company(*names)
        except BadName as error:
            raise CommandError(str(error)) from error
        changes = loading.load(company, now=timezone.now(), dry_run=options["dry_run"])
        for change in changes:
            if change.deed is not Deed.SAME or options["verbosity"] > 1:
                self.stdout.write(line(change))
        self._sum_up(changes, dry_run=options["dry_run"])

    def _sum_up(self, changes: list[Change], *, dry_run: bool) -> None:
        counts = Counter(change.deed for change in changes)
        told = ", ".join(f"{counts[deed]} {words}" for deed, words in WORDS.items() if counts[deed])
        self.stdout.write(f"{'Nothing was changed. It would be: ' if dry_run else ''}{told}.")
        if not dry_run and counts[Deed.ADD]:
            self.stdout.write("Next: fill in the credentials of each paused connection in the admin, then resume it.")


def line(change: Change) -> str:
    """One row in words: `~ channel @acme: guidelines (left alone: priority)`."""
    what = ", ".join(change.updated)
    kept = f" (left alone: {', '.join(change.kept)})" if change.kept else ""
    return f"{SIGNS[change.deed]} {change.kind} {change.name}{': ' + what if what else ''}{kept}"
