"""Admin of experts and topics; outreaches are read-only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels.admin.seeing import SeenOnly
from channels.audience import seen_by
from channels.errors import ChannelError
from channels.models import Channel
from experts.directory import slack_check
from experts.models import Expert, FeedbackRule, Outreach, OutreachText, TeamPage, Topic


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
        fields = [
            *("name", "slug", "kind", "parent", "slack_channel", "slack_mention", "slack_group_id", "keywords"),
            *("default_people", "fallback", "duty"),
        ]


def _tell(request: HttpRequest, model_admin: Any, found: Callable[[], list[str]]) -> None:
    try:
        said = found()
    except ChannelError as error:
        model_admin.message_user(request, str(error), level=messages.ERROR)
        return
    for words in said:
        model_admin.message_user(request, words, level=messages.WARNING)
    if not said:
        model_admin.message_user(request, _("Slack knows all of them."), level=messages.SUCCESS)


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = TopicForm
    list_display = ["name", "kind", "parent", "slack_channel", "fallback"]
    list_filter = ["kind", "duty"]
    list_select_related = ["parent", "fallback"]
    search_fields = ["name", "slack_channel"]
    autocomplete_fields = ["parent", "default_people", "fallback"]
    prepopulated_fields = {"slug": ["name"]}
    actions = ["check_in_slack"]

    @admin.action(description=_("Check in Slack"))
    def check_in_slack(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        _tell(request, self, lambda: slack_check.problems(topics=queryset))


@admin.register(Expert)
class ExpertAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["person", "title", "role", "slack_handle", "timezone", "absent_from", "absent_until", "is_active"]
    list_filter = ["is_active", "role", "topics"]
    list_select_related = ["person"]
    search_fields = ["person__name", "slack_handle", "title"]
    autocomplete_fields = ["person", "topics"]
    actions = ["check_in_slack"]

    @admin.action(description=_("Check in Slack"))
    def check_in_slack(self, request: HttpRequest, queryset: QuerySet[Expert]) -> None:
        _tell(request, self, lambda: slack_check.problems(experts=queryset.select_related("person")))


@admin.register(FeedbackRule)
class FeedbackRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "weekday", "at", "time_zone", "is_active"]


@admin.register(TeamPage)
class TeamPageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The results of a reading are on the desk's own page; the admin only sets where and whether to read."""

    list_display = ["name", "url", "is_active", "read_at", "error"]


@admin.register(OutreachText)
class OutreachTextAdmin(SeenOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "channel", "topic", "is_default"]
    list_select_related = ["channel", "topic"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "channel":
            kwargs["queryset"] = seen_by(request.user, Channel)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


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
