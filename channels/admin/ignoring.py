"""Ignore rules: validated while typing; the page of ignored mentions shows what each one stopped."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.models import IgnoreRule
from channels.views.queries import RuleForm


class IgnoreRuleForm(RuleForm):
    class Meta(RuleForm.Meta):
        fields = (*RuleForm.Meta.fields, "is_active")  # type: ignore[assignment]


@admin.register(IgnoreRule)
class IgnoreRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = IgnoreRuleForm
    list_display = ("name", "query", "channel", "is_active", "stopped")
    list_filter = ("is_active", "channel")
    list_select_related = ("channel",)
    search_fields = ("name", "query")

    @admin.display(description=gettext_lazy("stopped items"))
    def stopped(self, rule: IgnoreRule) -> str:
        return format_html('<a href="{}">{}</a>', reverse("channels:ignored_by_rule", args=[rule.pk]), _("show"))
