"""Lookups: searches beside the composer. The kind declares the form's fields."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import log
from audit.kinds import EntryKind
from channels.admin.seeing import SeenOnly
from channels.clocks import desk_now
from channels.contract import LookupKind
from channels.lookups.finding_kinds import all_kinds
from channels.models import Connection, Lookup
from channels.webforms.admin_forms import form_names, lookup_form

HEAD = ("name", "is_active", "position", "connection", "address", "page_url")
AUDIENCE = ("channels", "visible_to", "is_trusted")


def kind_of(request: HttpRequest, lookup: Lookup | None) -> LookupKind | None:
    """The kind of a lookup, or the one chosen for a new one."""
    return all_kinds().get(lookup.kind if lookup is not None else request.GET.get("kind", ""))


@admin.register(Lookup)
class LookupAdmin(SeenOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "kind_shown", "connection", "is_active", "position")
    list_select_related = ("connection",)
    filter_horizontal = ("channels",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kind = kind_of(request, obj)
        if kind is not None and self._may_type(request, obj):
            kwargs["form"] = lookup_form(kind, (*HEAD, *AUDIENCE), obj.secrets if obj is not None else {})
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        kind = kind_of(request, obj)
        if kind is None or not self._may_type(request, obj):
            return [(None, {"fields": [*HEAD, *AUDIENCE]})]
        head = [name for name in HEAD if name != "connection" or kind.platform]
        names = form_names(kind.fields, obj.secrets if obj is not None else {})
        sets: list[Any] = [(None, {"fields": head})]
        if names:
            sets.append((kind.label, {"fields": names}))
        return [*sets, (_("Who sees it, and what it may get"), {"fields": list(AUDIENCE)})]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Connections of the kind's platform only."""
        if db_field.name == "connection":
            number = (request.resolver_match.kwargs if request.resolver_match else {}).get("object_id", "")
            obj = self.get_object(request, str(number)) if number else None
            kind = kind_of(request, obj)
            kwargs["queryset"] = Connection.objects.filter(platform=kind.platform if kind else "")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Asks for the kind first, then shows its form."""
        if kind_of(request, None) is not None or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Choose a kind of lookup"),
            "opts": self.opts,
            "kinds": sorted(all_kinds().values(), key=lambda kind: kind.label),
        }
        return TemplateResponse(request, "admin/channels/choose_kind.html", context)

    def save_model(self, request: HttpRequest, obj: Lookup, form: Any, change: bool) -> None:
        if not change:
            obj.kind = request.GET["kind"]
        obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Records by name which secrets were set or cleared."""
        super().save_related(request, form, formsets, change)
        changes = {what: names for what, names in getattr(form, "secret_changes", {}).items() if names}
        if changes:
            log.record(EntryKind.SECRET_CHANGED, now=desk_now(), subject=form.instance, details=changes)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_shown(self, lookup: Lookup) -> str:
        kind = all_kinds().get(lookup.kind)
        return kind.label if kind is not None else lookup.kind

    def _may_type(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
