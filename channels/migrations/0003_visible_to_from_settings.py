"""Who may see a channel's tickets was a key of its settings, and is a column now."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def to_column(apps: Any, schema_editor: Any) -> None:
    for channel in apps.get_model("channels", "Channel").objects.filter(settings__has_key="visible_to"):
        # An empty list meant nobody but superusers; a role that no group has says the same.
        channel.visible_to = list(channel.settings.pop("visible_to") or ["nobody"])
        channel.save(update_fields=["settings", "visible_to"])


def to_settings(apps: Any, schema_editor: Any) -> None:
    for channel in apps.get_model("channels", "Channel").objects.exclude(visible_to=[]):
        channel.settings["visible_to"] = channel.visible_to
        channel.save(update_fields=["settings"])


class Migration(migrations.Migration):
    dependencies = [("channels", "0002_every_channel")]
    operations = [migrations.RunPython(to_column, to_settings)]
