"""Connections and their channels; the adapter declares the form's fields."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit import log
from audit.kinds import EntryKind
from channels.admin.buttons import Button, ButtonAdmin
from channels.clocks import desk_now
from channels.contract import Adapter, Capability
from channels.models import Channel, Connection
from channels.monitoring import connection_test
from channels.monitoring.health import connection_health
from channels.polling import pausing
from channels.registry.finding_adapters import all_adapters
from channels.webforms.admin_forms import CHANNEL_GROUPS, CONNECTION_FIELDS, channel_form, connection_form, form_names

POLL = "channels.poll_connection"


def adapter_of(request: HttpRequest, connection: Connection | None) -> Adapter | None:
    """The adapter of a connection, or of the platform chosen for a new one."""
    platform = connection.platform if connection is not None else request.GET.get("platform", "")
    return all_adapters().get(platform)


WATCHED = "testing"
"""Query parameter of a page that waits for the result of *Test connection*."""
LOOK_AGAIN_S = 1


def try_connection(model_admin: Any, request: HttpRequest, connection: Connection, _typed: str = "") -> str:
    """Start a connection test. A worker calls the platform; the next page waits for the result."""
    connection_test.begin(connection.pk)
    return f"?{WATCHED}=1"


def tell_answer(request: HttpRequest, connection: Connection) -> bool:
    """Adds a message with the test's result; False while there is none."""
    result = connection_test.last_result(connection.pk)
    if result is None:
        messages.warning(request, _("The test result has expired. Run the test again."))
        return True
    add_message = {True: messages.success, False: messages.error, None: messages.info}[result.is_well]
    add_message(request, _("%(name)s: %(said)s") % {"name": connection, "said": result.words})
    return result.is_well is not None


def poll_now(model_admin: Any, request: HttpRequest, connection: Connection, _typed: str = "") -> None:
    pausing.poll_soon([connection.pk], desk_now())
    messages.success(request, _("Polling %(name)s now.") % {"name": connection})


def pause(model_admin: Any, request: HttpRequest, connection: Connection, typed: str = "") -> None:
    reason = typed or _("by %(user)s") % {"user": request.user.get_username()}
    pausing.pause([connection.pk], reason)
    messages.success(request, _("%(name)s is paused: no polling, no sending.") % {"name": connection})


def resume(model_admin: Any, request: HttpRequest, connection: Connection, _typed: str = "") -> None:
    pausing.resume([connection.pk], desk_now())
    messages.success(request, _("%(name)s is active again. Polling it now.") % {"name": connection})


class ChannelInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Channel
    prepopulated_fields = {"slug": ("name",)}
    show_change_link = False
    readonly_fields = ("query_shown",)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj is None else 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        adapter = adapter_of(request, obj)
        if adapter is not None and self._may_type(request, obj):
            kwargs["form"] = channel_form(adapter)
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "team" and field is not None:
            field.choices = list(field.choices)  # read once, not again for each channel
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        adapter = adapter_of(request, obj)
        names = form_names(adapter.channel_fields, {}) if adapter and self._may_type(request, obj) else []
        (_none, head), coming, *rest = CHANNEL_GROUPS
        sets = [(None, {"fields": [*head, *names]}), (coming[0], {"fields": [*coming[1], "query_shown"]})]
        # Collapsed to keep a connection with ten handles readable; Django expands a fieldset that has an error.
        sets += [(heading, {"fields": list(fields)}) for heading, fields in rest]
        return [sets[0], *((heading, {**options, "classes": ["collapse"]}) for heading, options in sets[1:])]

    @admin.display(description=gettext_lazy("query"))
    def query_shown(self, channel: Channel) -> str:
        """Read-only: the query is edited in the tester, which previews what it matches."""
        if channel._state.adding:
            return _("Save the channel before you test its query.")
        query = format_html("<code>{}</code>", channel.query) if channel.query else _("everything")
        try:
            tester = reverse("channels:query", args=[channel.slug])
        except NoReverseMatch:
            return query
        return format_html('{} <a href="{}">{}</a>', query, tester, _("Test another query"))

    def _may_type(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj) or (obj is None and self.has_add_permission(request, obj))


@admin.register(Connection)
class ConnectionAdmin(ButtonAdmin):
    audit_kind = EntryKind.CONNECTION_CHANGED
    inlines = [ChannelInline]
    list_display = ("name", "platform_shown", "how_it_is", "last_item_at", "next_poll_at", "is_active")
    list_filter = ("is_active", "platform")
    search_fields = ("name",)
    actions = ("test_chosen", "poll_chosen", "pause_chosen", "resume_chosen")
    readonly_fields = (
        *(
            "platform_shown",
            "hook_address",
            "how_it_is",
            "settings_shown",
            "last_success_at",
            "last_item_at",
            "next_poll_at",
        ),
        *("interval_s", "failures", "quota_left", "quota_resets_at", "last_error", "last_error_at", "cursor_shown"),
    )
    buttons = (
        Button("test", gettext_lazy("Test connection"), try_connection, POLL),
        Button("poll", gettext_lazy("Poll now"), poll_now, POLL, lambda connection: connection.is_active),
        Button(
            "pause", gettext_lazy("Pause"), pause, POLL, lambda connection: connection.is_active, gettext_lazy("Why?")
        ),
        Button("resume", gettext_lazy("Resume"), resume, POLL, lambda connection: not connection.is_active),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        adapter = adapter_of(request, obj)
        if adapter is not None and self._may_type(request, obj):
            kwargs["form"] = connection_form(adapter, obj.secrets if obj is not None else {})
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        adapter = adapter_of(request, obj)
        if adapter is not None and self._may_type(request, obj):
            names = form_names(adapter.fields, obj.secrets if obj is not None else {})
        else:
            names = ["settings_shown"]
        label = adapter.label if adapter is not None else _("Settings")
        sets = [(None, {"fields": ["platform_shown", *CONNECTION_FIELDS]}), (label, {"fields": names})]
        if adapter is not None and adapter.can(Capability.WEBHOOK):
            sets.append((_("Webhook"), {"fields": ["hook_address"]}))
        if obj is not None:
            sets.append((_("Health"), {"fields": ["how_it_is", *self.readonly_fields[4:]]}))
        return sets

    def _may_type(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Django's split date and time inputs have no labels."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "token_expires_at" and field is not None:
            for widget, label in zip(field.widget.widgets, (_("Date"), _("Time")), strict=True):
                widget.attrs["aria-label"] = f"{field.label}: {label}"
        return field

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Asks for the platform first, then shows its form."""
        if adapter_of(request, None) is not None or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Choose a platform"),
            "opts": self.opts,
            "adapters": sorted(all_adapters().values(), key=lambda adapter: adapter.label),
        }
        return TemplateResponse(request, "admin/channels/choose_platform.html", context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        connection = self.get_object(request, object_id) if request.method == "GET" else None
        is_answered = True
        if connection is not None and WATCHED in request.GET and self.has_poll_permission(request):
            is_answered = tell_answer(request, connection)
        response = super().change_view(request, object_id, form_url, extra_context)
        if not is_answered:
            response["Refresh"] = str(LOOK_AGAIN_S)
        return response

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting would remove its items and tickets: pause the connection instead."""
        return False

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """Saves only the edited fields (a poller may be writing the others) and makes the connection due at once, to
        show soon whether a fix works."""
        obj.next_poll_at = desk_now()
        if change:
            obj.save(update_fields=[*CONNECTION_FIELDS, "settings", "secrets", "next_poll_at"])
        else:
            obj.platform = request.GET["platform"]
            obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Records by name which secrets were set or cleared; other fields are recorded as everywhere."""
        super().save_related(request, form, formsets, change)
        for filled in [form, *chain.from_iterable(formset.forms for formset in formsets)]:
            changes = {what: names for what, names in getattr(filled, "secret_changes", {}).items() if names}
            if changes and filled.instance.pk:
                log.record(EntryKind.SECRET_CHANGED, now=desk_now(), subject=filled.instance, details=changes)

    @admin.display(description=gettext_lazy("platform"), ordering="platform")
    def platform_shown(self, connection: Connection) -> str:
        adapter = all_adapters().get(connection.platform)
        return adapter.label if adapter is not None else connection.platform

    @admin.display(description=gettext_lazy("webhook address"))
    def hook_address(self, connection: Connection) -> str:
        if connection._state.adding:
            return _("Save the connection to see its webhook address.")
        return f"{settings.BASE_URL}{reverse('hook', args=[connection.hook_id])}"

    @admin.display(description=gettext_lazy("status"))
    def how_it_is(self, connection: Connection) -> str:
        healths = connection_health(connection, all_adapters().get(connection.platform), desk_now())
        return format_html_join("", "<div>{}</div>", ((health.words,) for health in healths))

    @admin.display(description=gettext_lazy("settings"))
    def settings_shown(self, connection: Connection) -> str:
        lines = [(name, str(value)) for name, value in connection.settings.items()]
        lines += [(name, _("set")) for name, value in connection.secrets.items() if value]
        return format_html_join("", "<div>{}: {}</div>", lines) or "—"

    @admin.display(description=gettext_lazy("cursor"))
    def cursor_shown(self, connection: Connection) -> str:
        return "—" if connection.cursor is None else str(connection.cursor)

    def has_poll_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(POLL))

    @admin.action(description=gettext_lazy("Test connection"), permissions=["poll"])
    def test_chosen(self, request: HttpRequest, chosen: QuerySet[Connection]) -> None:
        for connection in chosen:
            connection_test.begin(connection.pk)
        count = len(chosen)
        said = ngettext(
            "Testing %(count)d connection. The Channels page shows the result.",
            "Testing %(count)d connections. The Channels page shows the results.",
            count,
        )
        self.message_user(request, said % {"count": count})

    @admin.action(description=gettext_lazy("Poll now"), permissions=["poll"])
    def poll_chosen(self, request: HttpRequest, chosen: QuerySet[Connection]) -> None:
        count = pausing.poll_soon(chosen.values_list("pk", flat=True), desk_now())
        said = ngettext("Polling %(count)d connection now.", "Polling %(count)d connections now.", count)
        self.message_user(request, said % {"count": count})

    @admin.action(description=gettext_lazy("Pause"), permissions=["poll"])
    def pause_chosen(self, request: HttpRequest, chosen: QuerySet[Connection]) -> None:
        reason = _("by %(user)s") % {"user": request.user.get_username()}
        count = pausing.pause(chosen.values_list("pk", flat=True), reason)
        self.message_user(request, ngettext("%(count)d paused.", "%(count)d paused.", count) % {"count": count})

    @admin.action(description=gettext_lazy("Resume"), permissions=["poll"])
    def resume_chosen(self, request: HttpRequest, chosen: QuerySet[Connection]) -> None:
        count = pausing.resume(chosen.values_list("pk", flat=True), desk_now())
        self.message_user(request, ngettext("%(count)d resumed.", "%(count)d resumed.", count) % {"count": count})
