"""`manage.py inspect_payload PLATFORM FILE… [--settings JSON]`: prints one JSON object per line for each mention.

Django reads its own --settings option before any command does, so `manage.py` renames ours.
"""

from __future__ import annotations

import io
import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from channels.contract import Adapter, Config
from channels.errors import ChannelError
from channels.inbox.inspection import Inspection, config_from, records
from channels.registry.finding_adapters import UnknownPlatform, adapter_called


class Command(BaseCommand):
    help = (
        "Parses recorded payloads without a database and prints each mention as one line of JSON. A payload without "
        "mentions prints nothing. A broken one prints one line on stderr, sets exit code 1 and does not stop the rest."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("platform", help="twitter, hackernews, email, …")
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument(
            "--connection-settings",
            default="{}",
            metavar="JSON",
            help='Also as --settings: connection settings, such as {"phrases": ["Acme"]}; also '
            '"addresses", "own" (lists) and "channel_settings".',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
        adapter, config = self._prepared(options["platform"], options["connection_settings"])
        try:
            broken = [path for path in options["files"] if not self._inspect(adapter, path, config)]
            self.stdout.flush()
        except BrokenPipeError:
            # The reader closed the pipe (`| head`). Without this, Python fails again when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        if broken:
            sys.exit(1)

    def _prepared(self, platform: str, text: str) -> tuple[Adapter, Config]:
        try:
            adapter = adapter_called(platform)
            given = json.loads(text)
            if not isinstance(given, dict):
                raise CommandError(_("--settings must be a JSON object."))
            return adapter, config_from(adapter, given)
        except UnknownPlatform as error:
            raise CommandError(str(error)) from error
        except (ValueError, RecursionError, ChannelError) as error:
            raise CommandError(_("--settings cannot be used: %(why)s") % {"why": error}) from error

    def _inspect(self, adapter: Adapter, path: Path, config: Config) -> bool:
        """Print a file's mentions; returns whether all of it could be parsed."""
        result = Inspection()
        for line in records(adapter, path, config, result):
            self.stdout.write(line)
        if result.problems:
            self.stdout.flush()
            self.stderr.write(f"{path}: {result.summary}")
        return not result.problems
