"""`manage.py demo`: the whole desk on this machine, with a simulated outside world, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from advocacy.demo.stack import Stack, Wishes


class Command(BaseCommand):
    help = "Starts PostgreSQL, Redis, the sandbox, web, worker and beat. Ctrl-C stops everything."
    requires_system_checks: list[str] = []  # the demo generates the settings

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fresh", action="store_true", help="delete the data of the last demo first")
        parser.add_argument("--port", type=int, default=8000, help="port of the desk; the next free one if it is taken")
        parser.add_argument("--no-history", action="store_true", help="start with an empty desk")
        parser.add_argument("--history-days", type=int, default=14, help="days of history in a new demo")
        parser.add_argument("--rate", type=float, default=6.0, help="new mentions per minute; 0 for none")
        parser.add_argument("--local", type=Path, default=settings.BASE_DIR / ".local", help="folder for its data")

    def handle(self, *args: Any, **options: Any) -> None:
        wishes = Wishes(
            local=options["local"].absolute(),
            fresh=options["fresh"],
            port=options["port"],
            history_days=0 if options["no_history"] else options["history_days"],
            rate=options["rate"],
        )
        problem = Stack(wishes, root=settings.BASE_DIR, say=self.say).run()
        if problem:
            raise CommandError(problem)

    def say(self, text: str) -> None:
        """Shutdown continues if the terminal is gone."""
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except OSError:
            pass
