"""Django's `check`, with `--connect`: also connects to the configured services."""

from __future__ import annotations

from typing import Any

from django.core.checks.registry import registry
from django.core.management.base import CommandParser
from django.core.management.commands import check

from advocacy.monitoring import connecting


class Command(check.Command):
    help = "Checks settings and code. With --connect, also connects to the database, Redis, mail server and Slack."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--connect", action="store_true", help="connect to database, Redis, mail server and Slack")

    def handle(self, *app_labels: Any, **options: Any) -> None:
        if options["connect"]:
            for each in connecting.ALL:
                registry.register(each, "connect")
        try:
            super().handle(*app_labels, **options)
        finally:
            registry.registered_checks.difference_update(connecting.ALL)
