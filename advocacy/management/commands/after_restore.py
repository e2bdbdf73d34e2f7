"""`manage.py after_restore`: the first step after restoring a backup, while no worker is running."""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from advocacy.monitoring import heartbeats
from channels.clocks import desk_now
from mentions.maintenance import restoring

LATELY_S = 120


class Command(BaseCommand):
    help = "After a restore: holds unsent items from the backup until a person reviews them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--while-running", action="store_true", help="run even if a worker was seen recently")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["while_running"] and _somebody_works():
            raise CommandError(
                "A worker was seen within the last two minutes. Stop the workers and beat, run this again, then start "
                "them. (If they belong to another desk on the same Redis, use --while-running.)"
            )
        count = restoring.after_restore(desk_now())
        self.stdout.write(f"{count} unsent items are held back. None is sent automatically.")
        self.stdout.write(f"Start the desk and review them: {settings.BASE_URL}{reverse('mentions:held')}")


def _somebody_works() -> bool:
    """Whether any worker is alive; without Redis none is."""
    try:
        silences = heartbeats.silences()
    except redis.RedisError:
        return False
    return any(heartbeats.was_seen(name) and age_s < LATELY_S for name, age_s in silences.items())
