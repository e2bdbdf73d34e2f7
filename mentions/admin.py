"""The desk's models in the admin: people and their accounts, macros, views, tags."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels.admin.seeing import SeenOnly
from mentions.macros import macros
from mentions.models import Account, Author, Macro, Person, SwagRule, Tag, View
from mentions.queue import view_filters


class AccountInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Account
    extra = 1


@admin.register(Person)
class PersonAdmin(SeenOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """People marked *team member* answer for the team from any of their accounts."""

    list_display = ("name", "is_us", "user")
    list_filter = ("is_us",)
    search_fields = ("name", "accounts__handle")
    autocomplete_fields = ("user",)
    inlines = (AccountInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Accounts that have already posted become this person's too; later posts count as theirs."""
        super().save_related(request, form, formsets, change)
        tie_known_authors(form.instance)


@transaction.atomic
def tie_known_authors(person: Person) -> None:
    """Link authors seen under this person's accounts, and those linked before, to the person."""
    person.authors.update(is_us=person.is_us)
    for account in person.accounts.all():
        handle = account.handle.strip().lstrip("@")
        same = Author.objects.filter(namespace=account.namespace)
        same.filter(handle__iexact=handle).update(person=person, is_us=person.is_us)
        same.filter(external_id__iexact=handle).update(person=person, is_us=person.is_us)


class JsonText(forms.JSONField):
    """A JSON field with a larger text area."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 18, "cols": 100, "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class MacroForm(forms.ModelForm):  # type: ignore[type-arg]
    actions = JsonText(
        label=_("actions"),
        required=False,
        help_text=_(
            'Actions, run in order: {"do": "reply", "text": "Hi {requester_name}!"}, {"do": "tag", "tags": ["ci"]}, '
            '{"do": "status", "status": "solved"}.'
        ),
    )

    class Meta:
        model = Macro
        fields = ("name", "description", "actions", "position", "is_active")

    def clean_actions(self) -> Any:
        actions = self.cleaned_data["actions"] or []
        if problems := macros.check(actions):
            raise ValidationError(problems)
        return actions


@admin.register(Macro)
class MacroAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = MacroForm
    list_display = ("name", "description", "position", "is_active")
    list_editable = ("position", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "description")


class ViewForm(forms.ModelForm):  # type: ignore[type-arg]
    filters = JsonText(
        label=_("filters"),
        required=False,
        help_text=_('For example {"channels": ["acme"], "priority_min": 30}. Leave empty for the whole queue.'),
    )

    class Meta:
        model = View
        fields = ("name", "slug", "filters", "order", "owner", "position")

    def clean_filters(self) -> Any:
        filters = self.cleaned_data["filters"] or {}
        try:
            view_filters.check(filters)
        except view_filters.FilterError as error:
            raise ValidationError(str(error)) from error
        return filters


@admin.register(View)
class ViewAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ViewForm
    list_display = ("name", "slug", "order", "owner", "position")
    list_editable = ("position",)
    prepopulated_fields = {"slug": ("name",)}
    search_fields = ("name",)


@admin.register(SwagRule)
class SwagRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "when", "macro", "is_active")
    list_editable = ("is_active",)
    list_select_related = ("macro",)


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "description")
    search_fields = ("name", "description")
