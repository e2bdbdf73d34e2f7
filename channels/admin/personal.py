"""Personal accounts: who has connected one and whether it works. People enter them on their own page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from channels.admin.buttons import ReadOnly
from channels.models import PersonalAccount


@admin.register(PersonalAccount)
class PersonalAccountAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "connection", "handle", "checked_at", "error")
    list_filter = ("connection",)
    list_select_related = ("user", "connection")
    search_fields = ("user__username", "handle")
    fields = ("user", "connection", "handle", "external_id", "checked_at", "error")
    readonly_fields = fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Admins can only delete: the desk must not post as somebody who has left."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
