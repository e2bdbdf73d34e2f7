"""`manage.py reseal_secrets`: every stored secret under the first of DESK_ENCRYPTION_KEYS, so that old keys can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from channels.models import Channel, Connection
from channels.secrets import SecretUnreadable, reseal


class Command(BaseCommand):
    help = "Seals every stored secret again with the first key of DESK_ENCRYPTION_KEYS. All or nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        with transaction.atomic():
            for model in (Connection, Channel):
                for row in model.objects.select_for_update().exclude(secrets={}).order_by("pk"):
                    try:
                        row.secrets = {name: reseal(value) for name, value in row.secrets.items()}
                    except SecretUnreadable as error:
                        raise CommandError(f"{row}: {error}") from error
                    row.save(update_fields=["secrets"])
                    count += len(row.secrets)
        self.stdout.write(_("%(count)d secrets are sealed with the first key.") % {"count": count})
