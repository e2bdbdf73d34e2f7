"""The inbox: fetched items, parse failures and their reasons, replay after a fix."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit import log
from audit.kinds import EntryKind
from channels.admin.buttons import Button, ButtonAdmin, CappedPaginator, ReadOnly
from channels.admin.seeing import SeenOnly
from channels.clocks import desk_now
from channels.db.payloads import restored
from channels.inbox import leases
from channels.models import InboundItem

REPLAY = "channels.replay_inbounditem"
MAX_SHOWN = 200_000


def replay(model_admin: Any, request: HttpRequest, item: InboundItem, _typed: str = "") -> None:
    _say_replayed(request, leases.replay([item.pk]))


def _say_replayed(request: HttpRequest, count: int) -> None:
    if count:
        log.record(EntryKind.REPLAYED, now=desk_now(), details={"items": count})
    said = ngettext("Replaying %(count)d item.", "Replaying %(count)d items.", count) % {"count": count}
    (messages.success if count else messages.warning)(request, said)


@admin.register(InboundItem)
class InboundItemAdmin(SeenOnly, ReadOnly, ButtonAdmin):
    list_display = ("external_id", "connection", "state", "role", "fetched_at", "revision", "error_shown")
    list_filter = ("state", "role", "connection")
    list_select_related = ("connection",)
    search_fields = ("=external_id",)
    ordering = ("-id",)
    paginator = CappedPaginator
    actions = ("replay_chosen",)
    fields = (
        *("external_id", "connection", "role", "state", "error", "attempts", "revision"),
        *("fetched_at", "parsed_at", "created_at", "payload_shown", "raw_shown"),
    )
    readonly_fields = fields
    buttons = (
        Button("replay", gettext_lazy("Replay"), replay, REPLAY, lambda item: item.state == InboundItem.State.FAILED),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundItem]:
        """Lists skip the bodies, which may be whole emails."""
        return super().get_queryset(request).defer("payload", "raw")

    @admin.display(description=gettext_lazy("error"))
    def error_shown(self, item: InboundItem) -> str:
        return item.error[:120]

    @admin.display(description=gettext_lazy("payload"))
    def payload_shown(self, item: InboundItem) -> str:
        try:
            text = json.dumps(restored(item.payload), indent=2, ensure_ascii=False, sort_keys=True)
        except RecursionError:
            text = str(item.payload)  # too deep to indent: shown as stored, on one line
        return _block(text.encode("utf-8", "backslashreplace").decode())

    @admin.display(description=gettext_lazy("raw mail"))
    def raw_shown(self, item: InboundItem) -> str:
        if item.raw is None:
            return "—"
        return _block(bytes(item.raw)[:MAX_SHOWN].decode("utf-8", "backslashreplace"))

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(REPLAY))

    @admin.action(description=gettext_lazy("Replay failed items"), permissions=["replay"])
    def replay_chosen(self, request: HttpRequest, chosen: QuerySet[InboundItem]) -> None:
        _say_replayed(request, leases.replay(chosen.order_by("pk").values_list("pk", flat=True)))


def _block(text: str) -> str:
    """Escaped, in a `<pre>`, cut before it chokes a browser."""
    more = _("… (cut)") if len(text) > MAX_SHOWN else ""
    return format_html("<pre>{}{}</pre>", text[:MAX_SHOWN], more)
