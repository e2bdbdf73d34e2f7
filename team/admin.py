"""Shifts and absences of everybody, for admins."""

from __future__ import annotations

from django.contrib import admin

from team.models import Absence, Contact, Shift


@admin.register(Shift)
class ShiftAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "starts_at", "ends_at", "note")
    list_filter = ("user",)
    date_hierarchy = "starts_at"


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "first_day", "last_day")
    list_filter = ("user",)
    date_hierarchy = "first_day"


@admin.register(Contact)
class ContactAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "kind", "purpose", "how", "position")
    list_filter = ("kind",)
    search_fields = ("name", "purpose")
