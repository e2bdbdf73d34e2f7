"""The admin site: every registered model, ours or a library's, writes the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now


class Audited:
    """Records what Django's own admin log records, plus the names of changed fields."""

    audit_kind: EntryKind | None = None
    """For changes of these rows; without one, the admin's general kinds."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(EntryKind.ADMIN_ADDED, obj, message)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(EntryKind.ADMIN_CHANGED, obj, message)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any] | Iterable[Model]) -> Any:
        for obj in queryset:
            log.record(EntryKind.ADMIN_DELETED, now=desk_now(), subject=obj)
        return super().log_deletions(request, queryset)  # type: ignore[misc]

    def _record(self, kind: EntryKind, obj: Model, message: Any) -> None:
        details = changes_in(message, with_names=not hasattr(obj, "audit_name"))
        if kind != EntryKind.ADMIN_CHANGED or details:
            log.record(self.audit_kind or kind, now=desk_now(), subject=obj, details=details)


def changes_in(message: Any, *, with_names: bool = True) -> dict[str, list[str]]:
    """The admin's change message as {"changed": ["name", "channel acme: rank"], "added": [...], "deleted": [...]}.
    Without names (`channel: rank`) for people who may be erased later."""
    found: dict[str, list[str]] = {}
    for part in message if isinstance(message, list) else []:
        for what, about in part.items():
            named = ("name", "object") if with_names else ("name",)  # the row itself has neither: {"added": {}}
            row = " ".join(str(about[part]) for part in named if about.get(part))
            lines = [f"{row}: {field}" if row else field for field in about.get("fields", [])] or ([row] if row else [])
            found.setdefault(what, []).extend(str(line) for line in lines)
    return {what: lines for what, lines in found.items() if lines}


class DeskAdminSite(admin.AdminSite):
    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        base = admin_class or admin.ModelAdmin
        super().register(
            model_or_iterable, type(base.__name__, (Audited, base), {"__module__": base.__module__}), **options
        )
