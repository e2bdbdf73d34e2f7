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
    LoadAction.UPDATE: "brought up to date",
    LoadAction.SAME: "as they are already",
    LoadAction.KEEP: "left as somebody changed them",
    LoadAction.CLASH: "not possible, since something else has the name, address or place",
    LoadAction.GONE: "not made again, since somebody deleted them",
}


class Command(BaseCommand):
    help = (
        "Loads the set-up of a team of community advocates. Run it again after an update: it adds what is new and "
        "never overwrites what somebody has changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        usual = Company()
        for name, what in (
            ("company", f"its name (at first {usual.name})"),
            ("handle", f"on Twitter, without @ (at first {usual.handle})"),
            ("domain", f"of mail and website (at first {usual.domain})"),
            ("person", f"whose inbox is tracked: what stands before the @ (at first {usual.person})"),
        ):
            parser.add_argument(f"--{name}", help=f"{what}; not given: as it was loaded the last time")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")

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
        told = ", ".join(f"{counts[deed]} {words}" for deed, words in WORDS.items() if counts[deed])
        self.stdout.write(f"{'Nothing was changed. It would be: ' if dry_run else ''}{told}.")
        if not dry_run and counts[LoadAction.ADD]:
            self.stdout.write("Next: fill in the credentials of each paused connection in the admin, then resume it.")


def line(change: Change) -> str:
    """One row as text: `~ channel @acme: guidelines (left alone: priority)`."""
    what = ", ".join(change.updated)
    kept = f" (left alone: {', '.join(change.kept)})" if change.kept else ""
    return f"{SIGNS[change.deed]} {change.kind} {change.name}{': ' + what if what else ''}{kept}"
