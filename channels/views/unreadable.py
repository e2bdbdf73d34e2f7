"""Unreadable items of a connection: reason, raw text, replay. For managers and admins."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from channels.audience import seen_by
from channels.clocks import desk_now
from channels.inbox import leases
from channels.models import Connection, InboundItem
from channels.views import raw_items

PAGE = 50
VIEW = "channels.view_connection"
REPLAY = "channels.replay_inbounditem"


def _readable_by(request: HttpRequest) -> QuerySet[InboundItem]:
    failed = seen_by(request.user, InboundItem).filter(state=InboundItem.State.FAILED)
    return failed.defer("payload", "raw")


@require_GET
@login_required
@permission_required(VIEW, raise_exception=True)
def items(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest unreadable items of a connection."""
    connection = get_object_or_404(Connection, pk=pk)
    found = _readable_by(request).filter(connection=connection).order_by("-pk")
    context = {"connection": connection, "items": found[:PAGE], "count": found.count(), "shown": PAGE}
    return render(request, "channels/unreadable.html", context)


@require_GET
@login_required
@permission_required(VIEW, raise_exception=True)
def inspect(request: HttpRequest, pk: int) -> HttpResponse:
    item = get_object_or_404(_readable_by(request).select_related("connection"), pk=pk)
    text, is_cut = raw_items.head_of(item.pk)
    return render(request, "channels/unreadable_item.html", {"item": item, "text": text, "is_cut": is_cut})


@require_POST
@login_required
@permission_required(REPLAY, raise_exception=True)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Replays all of the connection's unreadable items, or `item`; `what=acknowledge` clears their alarm instead."""
    connection = get_object_or_404(Connection, pk=pk)
    chosen = _readable_by(request).filter(connection=connection)
    if (item := request.POST.get("item", "")).isdecimal():
        chosen = chosen.filter(pk=int(item[:18]))
    ids = list(chosen.order_by("pk").values_list("pk", flat=True)[: leases.MAX_REPLAYED])
    if request.POST.get("what") == "acknowledge":
        leases.acknowledge(ids, desk_now())
        messages.success(request, _("Acknowledged. It raises no more alarms and can still be replayed."))
    else:
        count = leases.replay(ids)
        said = ngettext("Replaying %(count)d item.", "Replaying %(count)d items.", count)
        messages.success(request, said % {"count": count})
    return redirect("channels:unreadable", pk)
