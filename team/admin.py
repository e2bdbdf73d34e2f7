"""Shifts and absences of everybody, for admins."""

from __future__ import annotations

from django.contrib import admin

from team.models import Absence, Contact, CoverageHours, Holiday, Shift


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


@admin.register(CoverageHours)
class CoverageHoursAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """When the team is there; local times follow DST."""

    list_display = ("__str__", "weekday", "starts", "ends", "time_zone")
    list_filter = ("weekday",)


@admin.register(Holiday)
class HolidayAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("day", "name")
    search_fields = ("name",)
