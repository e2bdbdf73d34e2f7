"""`manage.py demo_data`: fills the demo's desk; run by `demo`, with the settings it generated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from advocacy.demo import history, preset, shifts, team
from channels.clocks import desk_now
from sandbox import launch


class Command(BaseCommand):
    help = "Migrates and fills the demo desk. Started by `demo`; standalone, it needs a running sandbox."
    requires_system_checks: list[str] = []  # `demo` generated the settings

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sandbox", required=True, metavar="URL", help="URL of the sandbox")
        parser.add_argument("--hooks", type=Path, help="file for the webhooks that the sandbox calls")
        parser.add_argument("--keys", type=Path, required=True, help="file with the passwords of the logins")
        parser.add_argument("--history-days", type=int, default=0, help="replay the sandbox's past into an empty desk")

    def handle(self, *args: Any, **options: Any) -> None:
        self.say("tables")
        call_command("migrate", verbosity=0, interactive=False)
        self.say("channels, team and experts")
        access = launch.call(options["sandbox"], "/control/access")
        team.load(json.loads(options["keys"].read_text())["passwords"])
        preset.load(access, now=desk_now())
        shifts.load(desk_now())
        team.connect(access)
        team.page(options["sandbox"])
        team.speak_for_themselves(access, desk_now())
        if options["hooks"]:
            options["hooks"].write_text(json.dumps(preset.hooks(access)))
        if options["history_days"]:
            history.replay(self.say)

    def say(self, text: str) -> None:
        self.stdout.write(f"·         {text}")
        self.stdout.flush()
