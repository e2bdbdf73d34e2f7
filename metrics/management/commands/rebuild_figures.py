"""Counts the roll-ups of the reports again from the tickets, or only compares them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels.clocks import desk_now
from metrics.rollups import keeping

MAX_NAMED = 20
"""So many differing cells are named."""


class Command(BaseCommand):
    help = "Recounts the figures of the reports from the tickets, for every time zone in use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; list the figures that differ")

    def handle(self, **options: Any) -> None:
        if options["check"]:
            return self._check()
        for zone in keeping.wanted_zones():
            keeping.build(zone)
            self.stdout.write(f"{zone}: built.")

    def _check(self) -> None:
        """Fails if anything differs, so that a script notices."""
        keeping.check(desk_now())
        wrong = [cell for zone in keeping.wanted_zones() for cell in keeping.differences(zone)]
        for zone, day, channel, high in wrong[:MAX_NAMED]:
            self.stdout.write(f"{zone} {day}: channel {channel}{', high priority' if high else ''} differs.")
        if wrong:
            raise CommandError(
                f"{len(wrong)} figures differ from the tickets. To rebuild them, run: manage.py rebuild_figures"
            )
        self.stdout.write("All figures agree with the tickets.")
