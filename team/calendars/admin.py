"""Admin of imported calendars; the secret address is entered once and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.secrets.vault import seal
from team.calendars import following
from team.calendars.reading import BadCalendar
from team.models import CalendarFeed

WORDS = ("away_words", "shift_words", "on_call_words")


class CalendarFeedForm(forms.ModelForm):  # type: ignore[type-arg]
    address = forms.CharField(
        label=_("secret address"),
        max_length=2000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("The calendar’s secret iCalendar address (https). Stored encrypted; leave empty to keep it."),
    )

    class Meta:
        model = CalendarFeed
        fields = ("name", "user", "team", *WORDS, "time_zone", "is_active")

    def clean_address(self) -> str:
        given = str(self.cleaned_data["address"]).strip()
        if not given and not self.instance.secrets.get("url"):
            raise forms.ValidationError(_("Enter the calendar’s secret address; it begins with https://."))
        try:
            return following.checked(given) if given else ""
        except (BadCalendar, ValueError) as error:
            raise forms.ValidationError(_("Enter the calendar’s secret address; it begins with https://.")) from error


@admin.register(CalendarFeed)
class CalendarFeedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = CalendarFeedForm
    list_display = ("name", "user", "is_active", "read_at", "error")
    list_select_related = ("user",)
    readonly_fields = ("read_at", "error", "not_read")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        seen_only = obj is not None and not self.has_change_permission(request, obj)
        address = () if seen_only else ("address",)
        head = ("name", *address, "user", "team", *WORDS, "time_zone", "is_active")
        return [(None, {"fields": head}), (_("Last reading"), {"fields": self.readonly_fields})]

    def save_model(self, request: HttpRequest, obj: CalendarFeed, form: Any, change: bool) -> None:
        """A change triggers a new reading."""
        obj.due_at = None
        if given := form.cleaned_data.get("address"):
            obj.secrets = {"url": seal(given)}
        obj.save()
        if given:
            log.record(EntryKind.SECRET_CHANGED, now=desk_now(), subject=obj, details={"set": ["address"]})

    def delete_model(self, request: HttpRequest, obj: CalendarFeed) -> None:
        following.forget(obj, desk_now())

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for feed in queryset:
            following.forget(feed, desk_now())

    @admin.display(description=_("events that could not be used"))
    def not_read(self, feed: CalendarFeed) -> str:
        return " · ".join(feed.problems) or "–"
