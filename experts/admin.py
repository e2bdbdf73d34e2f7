"""Admin of experts and topics; outreaches are read-only."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels.admin.seeing import SeenOnly
from experts.models import Expert, Outreach, OutreachText, Topic


class KeywordsField(forms.CharField):
    """A list, edited as one entry per line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> list[str]:  # type: ignore[override]
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]


class TopicForm(forms.ModelForm):  # type: ignore[type-arg]
    keywords = KeywordsField(
        required=False,
        label=_("keywords"),
        help_text=_("One per line. A conversation that contains one of them suggests the topic."),
    )

    class Meta:
        model = Topic
        fields = ["name", "slug", "kind", "parent", "slack_channel", "slack_mention", "keywords"]


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = TopicForm
    list_display = ["name", "kind", "parent", "slack_channel"]
    list_filter = ["kind"]
    list_select_related = ["parent"]
    search_fields = ["name", "slack_channel"]
    autocomplete_fields = ["parent"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Expert)
class ExpertAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["person", "title", "slack_handle", "timezone", "absent_until", "prefers_drafts", "is_active"]
    list_filter = ["is_active", "topics"]
    list_select_related = ["person"]
    search_fields = ["person__name", "slack_handle", "title"]
    autocomplete_fields = ["person", "topics"]


@admin.register(OutreachText)
class OutreachTextAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "is_default"]


@admin.register(Outreach)
class OutreachAdmin(SeenOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only; outreaches are managed on their ticket."""

    list_display = ["asked_at", "ticket", "expert", "topic", "state", "slack_channel", "answered_at"]
    list_filter = ["state", "slack_channel"]
    list_select_related = ["ticket", "expert__person", "topic"]
    date_hierarchy = "asked_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Outreach | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Outreach | None = None) -> bool:
        return False
