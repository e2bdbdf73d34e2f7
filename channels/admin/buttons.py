"""Buttons above a change form. Each is its own small POST form: no script, no unsafe GET."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise, cached_property

MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Button:
    """`press(model_admin, request, object, typed)` acts and adds a message; it may return a query string for the
    redirect. `asks` labels a text input. Never touches the network: workers do that."""

    name: str
    label: str | Promise
    press: Callable[[Any, HttpRequest, Any, str], str | None]
    permission: str
    fits: Callable[[Any], bool] = lambda obj: True
    asks: str | Promise = ""


class ButtonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A model admin with buttons, for rows that people inspect rather than edit."""

    change_form_template = "admin/channels/with_buttons.html"
    buttons: tuple[Button, ...] = ()
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_press"
        view = self.admin_site.admin_view(self.press_view)
        return [path("<int:pk>/press/<slug:button>/", view, name=name), *super().get_urls()]

    def press_view(self, request: HttpRequest, pk: int, button: str) -> HttpResponse:
        found = next((b for b in self.buttons if b.name == button), None)
        obj = self.get_object(request, str(pk))
        if found is None or obj is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(found.permission):
            raise PermissionDenied
        query = found.press(self, request, obj, request.POST.get("typed", "").strip())
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk])
        return HttpResponseRedirect(url + (query or ""))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        shown = [b for b in self.buttons if obj is not None and b.fits(obj) and request.user.has_perm(b.permission)]
        urls = f"admin:{self.opts.app_label}_{self.opts.model_name}_press"
        buttons = [{"button": b, "url": reverse(urls, args=[object_id, b.name])} for b in shown]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "buttons": buttons})


class ReadOnly:
    """Rows that only the desk writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Stops counting at `MAX_COUNTED`: an inbox of millions must still open."""

    @cached_property
    def count(self) -> int:
        queryset: Any = self.object_list
        return int(queryset.order_by().values("pk")[:MAX_COUNTED].count())
