"""Django admin of followed threads, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from channels.admin.seeing import SeenOnly
from channels.models import Followed


@admin.register(Followed)
class FollowedAdmin(SeenOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Followed threads, with their errors. Deleting one stops rereading it until something follows it again."""

    list_display = ("thread_id", "connection", "until", "last_at", "next_at", "last_error")
    list_filter = ("connection",)
    list_select_related = ("connection",)
    search_fields = ("=thread_id",)
    ordering = ("next_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
