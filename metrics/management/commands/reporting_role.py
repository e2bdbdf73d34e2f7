"""Makes the SQL views for other tools and the role that reads them, where the migration could not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.bi import role


class Command(BaseCommand):
    help = "Creates the schema `reporting` and a role that can read only that; says what is missing."

    def handle(self, **options: Any) -> None:
        name, are_views_there, is_role_there = role.install()
        if not (are_views_there and is_role_there):
            raise CommandError(
                "The desk's database role may not do this. Run this as a database administrator, then retry:\n"
                + role.by_hand(name)
            )
        self.stdout.write(f"The schema reporting is ready. Grant the role to a login: GRANT {name} TO your_tool;")
