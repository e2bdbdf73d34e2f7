"""The outbox: waiting items, failures, and items that need a person's decision."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.admin.buttons import Button, ButtonAdmin, CappedPaginator, ReadOnly
from channels.admin.seeing import SeenOnly
from channels.clocks import desk_now
from channels.db.payloads import restored
from channels.links.web_addresses import is_web_address
from channels.models import OutboundItem
from channels.outbox import outbox

SETTLE = "channels.settle_outbounditem"


def retry(model_admin: Any, request: HttpRequest, item: OutboundItem, _typed: str = "") -> None:
    try:
        outbox.retry(item.pk, desk_now())
    except outbox.WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Queued to send again."))


def send_anyway(model_admin: Any, request: HttpRequest, item: OutboundItem, _typed: str = "") -> None:
    """Sends even though a newer reply exists: a person has checked."""
    try:
        outbox.retry(item.pk, desk_now(), beside_newer=True)
    except outbox.WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Queued to send again."))


def cancel(model_admin: Any, request: HttpRequest, item: OutboundItem, _typed: str = "") -> None:
    try:
        outbox.cancel(item.pk)
    except outbox.WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Cancelled. It will not be sent."))


def mark_sent(model_admin: Any, request: HttpRequest, item: OutboundItem, typed: str = "") -> None:
    if typed and not is_web_address(typed):
        messages.error(request, _("That is not a web address. Enter the post’s address, or leave the field empty."))
        return
    try:
        outbox.mark_sent(item.pk, typed, desk_now())
    except outbox.WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Marked as sent."))


@admin.register(OutboundItem)
class OutboundItemAdmin(SeenOnly, ReadOnly, ButtonAdmin):
    list_display = ("key", "kind", "state", "connection", "conversation", "attempts", "created_at", "error_shown")
    list_filter = ("state", "kind", "connection")
    list_select_related = ("connection", "sent_as")
    search_fields = ("=conversation", "=external_id")
    ordering = ("-id",)
    paginator = CappedPaginator
    actions = ("retry_chosen", "cancel_chosen")
    fields = (
        *(
            "key",
            "kind",
            "state",
            "error",
            "connection",
            "sent_as",
            "conversation",
            "payload_shown",
            "attempts",
            "not_before",
        ),
        *("first_sent_at", "uncertain_since", "checks", "sent_at", "external_id", "url_shown", "receipt", "created_at"),
    )
    readonly_fields = fields
    buttons = (
        Button("retry", gettext_lazy("Send again"), retry, SETTLE, lambda item: item.state in outbox.RETRYABLE),
        Button(
            "send-anyway",
            gettext_lazy("Send anyway, despite a newer reply"),
            send_anyway,
            SETTLE,
            lambda item: item.state in outbox.RETRYABLE and item.kind == OutboundItem.Kind.REPLY,
        ),
        Button("cancel", gettext_lazy("Cancel"), cancel, SETTLE, lambda item: item.state in outbox.CANCELLABLE),
        Button(
            "mark-sent",
            gettext_lazy("Mark as sent"),
            mark_sent,
            SETTLE,
            lambda item: item.state in outbox.MARKABLE,
            gettext_lazy("Address of the post"),
        ),
    )

    @admin.display(description=gettext_lazy("error"))
    def error_shown(self, item: OutboundItem) -> str:
        return item.error[:120]

    @admin.display(description=gettext_lazy("content"))
    def payload_shown(self, item: OutboundItem) -> str:
        text = json.dumps(restored(item.payload), indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", text.encode("utf-8", "backslashreplace").decode())

    @admin.display(description=gettext_lazy("address"))
    def url_shown(self, item: OutboundItem) -> str:
        if not item.url.startswith(("https://", "http://")):
            return item.url or "—"
        return format_html('<a href="{}" rel="noreferrer">{}</a>', item.url, item.url)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(SETTLE))

    @admin.action(description=gettext_lazy("Send again"), permissions=["settle"])
    def retry_chosen(self, request: HttpRequest, chosen: QuerySet[OutboundItem]) -> None:
        for item in chosen.order_by("pk"):
            retry(self, request, item)

    @admin.action(description=gettext_lazy("Cancel"), permissions=["settle"])
    def cancel_chosen(self, request: HttpRequest, chosen: QuerySet[OutboundItem]) -> None:
        for item in chosen.order_by("pk"):
            cancel(self, request, item)
