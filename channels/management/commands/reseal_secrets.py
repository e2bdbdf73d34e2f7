"""`manage.py reseal_secrets`: re-encrypt all secrets with the first of DESK_ENCRYPTION_KEYS; old keys can then go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.secrets import sealing
from channels.secrets.vault import SecretUnreadable


class Command(BaseCommand):
    help = "Reseals every stored secret with the first key of DESK_ENCRYPTION_KEYS, all or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only report which secrets still need an older key")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            return self._check()
        try:
            found = sealing.reseal_all()
        except SecretUnreadable as error:
            raise CommandError(str(error)) from error
        columns = {str(column): count for column, count in found.items()}
        log.record(EntryKind.SECRETS_RESEALED, now=desk_now(), actor_name="manage.py reseal_secrets", details=columns)
        for column, count in found.items():
            self.stdout.write(f"  {column}: {count}")
        self.stdout.write(_("%(count)d secrets are sealed with the first key.") % {"count": sum(found.values())})

    def _check(self) -> None:
        if found := sealing.under_older_keys():
            lines = "\n".join(f"  {column}: {count}" for column, count in found.items())
            raise CommandError(_("Older keys are still needed. Run `manage.py reseal_secrets`.") + f"\n{lines}")
        self.stdout.write(_("The first key opens every stored secret. You can remove the others."))
