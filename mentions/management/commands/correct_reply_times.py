"""`manage.py correct_reply_times`: run once after an upgrade to apply the current rules to old tickets in reports."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from channels.clocks import desk_now
from mentions.maintenance import corrections
from mentions.models import Ticket


class Command(BaseCommand):
    help = (
        "Applies today's rules to older tickets: bounced replies no longer count as first replies, open tickets are "
        "due by today's targets, and tickets solved without an answer get a reason. Prints its changes; safe to repeat."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--dry-run", action="store_true", help="print what would change without changing anything")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        with transaction.atomic():
            done = corrections.correct(desk_now()) if dry_run else None
            transaction.set_rollback(dry_run)
        self._say(done or corrections.correct(desk_now()), "would be" if dry_run else "were")

    def _say(self, done: corrections.Corrected, were: str) -> None:
        self.stdout.write(f"{done.bounced} bounced replies {were} removed from the first replies.")
        self.stdout.write(f"{done.clocks} due times {were} corrected.")
        total = sum(done.reasons.values())
        self.stdout.write(f"{total} tickets solved without an answer {were} given a reason.")
        for reason, count in sorted(done.reasons.items()):
            self.stdout.write(f"  {count} {Ticket.NoReply(reason).label}")
        if done.pending:
            numbers = ", ".join(f"#{number}" for number in done.pending[:20])
            self.stdout.write(f"{len(done.pending)} pending tickets were never answered. Check them: {numbers}")
