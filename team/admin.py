"""Everybody's shifts and absences, for admins."""

from __future__ import annotations

from django.contrib import admin

from channels.models import Team
from team.calendars import admin as calendars  # noqa: F401  (registers its own)
from team.models import (
    Absence,
    Contact,
    CoverageHours,
    Expertise,
    Holiday,
    MeetingRule,
    Release,
    ReleaseRule,
    RotaPlace,
    Shift,
    UrgentRule,
)


@admin.register(Shift)
class ShiftAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "starts_at", "ends_at", "team", "is_on_call", "note")
    list_filter = ("user", "team", "is_on_call")
    list_select_related = ("user", "team")
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
    """When the team works; local times follow DST."""

    list_display = ("__str__", "team", "weekday", "starts", "ends", "time_zone")
    list_filter = ("team", "weekday")
    list_select_related = ("team",)


class TeamHours(admin.TabularInline):  # type: ignore[type-arg]
    model = CoverageHours
    extra = 0


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Teams with separate hours. A channel's team is set in its form."""

    list_display = ("name",)
    search_fields = ("name",)
    inlines = (TeamHours,)


@admin.register(Holiday)
class HolidayAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("day", "name", "team")
    list_filter = ("team",)
    list_select_related = ("team",)
    search_fields = ("name",)


@admin.register(ReleaseRule)
class ReleaseRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "day_of_month", "starts", "ends", "time_zone", "slack_channel", "is_active")


@admin.register(Release)
class ReleaseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only: release days are changed on their own page."""

    list_display = ("day", "name", "rule", "owner")
    date_hierarchy = "day"

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(RotaPlace)
class RotaPlaceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("duty", "user", "position")
    list_filter = ("duty",)
    list_editable = ("position",)


@admin.register(Expertise)
class ExpertiseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Owners change on the expertises page, so that every turn is recorded."""

    list_display = ("name", "owner", "next_owner", "rotates_on", "position")
    exclude = ("owner", "next_owner", "rotates_on", "told_for")


@admin.register(MeetingRule)
class MeetingRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "day_of_month", "due_at", "time_zone", "slack_channel", "is_active")


@admin.register(UrgentRule)
class UrgentRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What makes a mention urgent automatically: words, authors, channels, the speed of a conversation."""

    list_display = ("name", "query", "messages", "minutes", "slack_channels", "is_rapid_response", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "query")
    filter_horizontal = ("channels",)
