"""Exports tickets, messages or outreaches to a file: as much as there is, with progress."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, date
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from channels.clocks import desk_now
from metrics.exports import running, streaming
from metrics.exports.kinds import KINDS
from metrics.periods import read_day


class Command(BaseCommand):
    help = "Writes tickets, messages or outreaches as CSV or JSON Lines to standard output, as one person sees them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=list(KINDS))
        parser.add_argument("--form", choices=list(streaming.FORMS), default="csv")
        parser.add_argument(
            "--as", dest="username", required=True, help="export what this person may see; recorded in the audit log"
        )
        parser.add_argument("--from", dest="first", default="", help="first day, YYYY-MM-DD, UTC")
        parser.add_argument("--to", dest="last", default="", help="last day")

    def handle(self, **options: Any) -> None:
        user = get_user_model().objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {options['username']!r}.")
        days, by = (_day(options["first"]), _day(options["last"])), "manage.py export_data"
        run, pieces = running.begin(user, options["kind"], options["form"], days, UTC, desk_now(), by=by)
        for piece in pieces:
            self.stdout.write(piece, ending="")
            run.refresh_from_db()
            if sys.stderr.isatty():
                self.stderr.write(f"\r{run.rows_done:,} of {run.rows_total:,}", ending="")
        self.stderr.write(f"\n{run.rows_total:,} rows.")


def _day(text: str) -> date | None:
    try:
        return read_day(text) if text else None
    except ValueError as error:
        raise CommandError(f"{text!r} is not a date; write it as YYYY-MM-DD.") from error
