"""Finds every encrypted column, and re-encrypts all secrets with a new key.

Our columns are SealedFields; `reseal_all` finds new ones automatically. Third-party packages store secrets that we
encrypt for them (the second factor's secret) in their own columns, so every text and JSON column there is checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.conf import settings
from django.db import models, transaction

from channels.secrets.vault import SecretUnreadable, is_under_first_key, reseal

_SEALED = re.compile(r"gAAAAA[A-Za-z0-9_-]{90,}={0,2}\Z")
"""Fernet's version byte, the leading zeros of its timestamp, and the minimum length: https://github.com/fernet/spec"""


class SealedField(models.JSONField):
    """Name → encrypted secret (or a value that isn't secret). Migrations see a plain JSONField."""

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


@dataclass(frozen=True)
class Column:
    """A column that may hold encrypted values, as a string or anywhere inside JSON."""

    model: type[models.Model]
    name: str

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"


def columns(registry: Apps = apps) -> list[Column]:
    """All columns that may hold encrypted values."""
    return [
        Column(model, field.attname)
        for model in registry.get_models()
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, SealedField) or (not _is_ours(model._meta.app_config) and _holds_text(field))
    ]


def reseal_all(registry: Apps = apps) -> dict[Column, int]:
    """Re-encrypt all secrets with the first key; returns column → count. All or nothing; raises SecretUnreadable, which
    names the row."""
    with transaction.atomic():
        return {column: count for column in columns(registry) if (count := _reseal(column))}


def under_older_keys(registry: Apps = apps) -> dict[Column, int]:
    """Column → how many secrets the first key can't decrypt. Read-only."""
    found: dict[Column, int] = {}
    for column in columns(registry):
        older: list[str] = []
        for row in column.model._default_manager.all().iterator():
            _mapped(getattr(row, column.name), partial(_note_if_older, older))
        if older:
            found[column] = len(older)
    return found


def is_sealed(value: object) -> bool:
    return isinstance(value, str) and _SEALED.match(value) is not None


def _reseal(column: Column) -> int:
    count = 0
    for row in column.model._default_manager.select_for_update().order_by("pk"):
        opened: list[str] = []
        try:
            new = _mapped(getattr(row, column.name), partial(_resealed, opened))
        except SecretUnreadable as error:
            raise SecretUnreadable(f"{column} of {row}: {error}") from error
        if opened:
            column.model._default_manager.filter(pk=row.pk).update(**{column.name: new})
            count += len(opened)
    return count


def _resealed(opened: list[str], value: str) -> str:
    opened.append(value)
    return reseal(value)


def _note_if_older(older: list[str], value: str) -> str:
    if not is_under_first_key(value):
        older.append(value)
    return value


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """The value with `change` applied to every encrypted string."""
    if isinstance(value, dict):
        return {name: _mapped(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    return change(value) if is_sealed(value) else value


def _is_ours(app: AppConfig) -> bool:
    return Path(app.path).is_relative_to(settings.BASE_DIR) and "site-packages" not in Path(app.path).parts


def _holds_text(field: Any) -> bool:
    return isinstance(field, models.JSONField | models.TextField) or (
        isinstance(field, models.CharField) and (field.max_length or 0) >= 100
    )
