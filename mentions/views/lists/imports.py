"""Imports batch by batch, and undoing a bad one: the effect in numbers is shown for confirmation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.models import Batch
from mentions.imports import imports
from mentions.people import access

VIEW = "channels.view_connection"
UNDO = "channels.undo_batch"
MAX_SHOWN = 60
"""Newest batches shown on the page."""
MAX_KEPT = 100


def _batches(request: HttpRequest) -> QuerySet[Batch]:
    return access.seen_by(request.user, Batch).select_related("connection", "channel", "undone_by")


@require_GET
@login_required
def batches(request: HttpRequest) -> HttpResponse:
    """`?connection=` shows those of one connection."""
    access.require(request.user, VIEW)
    found = _batches(request).order_by("-pk")
    only = request.GET.get("connection", "")
    if only.isascii() and only.isdecimal() and len(only) < 18:
        found = found.filter(connection=int(only))
    lines = imports.lines(found[:MAX_SHOWN])
    return render(request, "mentions/imports.html", {"lines": lines, "may_undo": request.user.has_perm(UNDO)})


@require_GET
@login_required
def batch(request: HttpRequest, number: int) -> HttpResponse:
    """What undoing it would do now; afterwards, what stayed."""
    access.require(request.user, VIEW)
    shown = get_object_or_404(_batches(request), pk=number)
    planned = imports.plan(shown.pk)
    visible = access.visible_tickets(request.user).select_related("channel__connection", "requester")
    tickets = visible.in_bulk([pk for pk, _why in planned.kept[:MAX_KEPT]])
    line = next(iter(imports.lines([shown])), imports.ImportLine(shown, 0, 0, 0, 0))
    context: dict[str, Any] = {
        "batch": shown,
        "line": line,
        "plan": planned,
        "kept": [{"ticket": tickets[pk], "why": imports.REASONS[why]} for pk, why in planned.kept if pk in tickets],
        "more_kept": max(0, len(planned.kept) - MAX_KEPT),
        "may_undo": request.user.has_perm(UNDO),
    }
    return render(request, "mentions/imports_batch.html", context)


@require_POST
@login_required
def undo(request: HttpRequest, number: int) -> HttpResponse:
    access.require(request.user, UNDO)
    shown = get_object_or_404(_batches(request), pk=number)
    now = desk_now()
    undone = imports.undo(shown.pk, request.user, now)
    details = {"tickets": undone.tickets, "items": undone.items}
    log.record(EntryKind.IMPORT_UNDONE, now=now, actor=request.user, subject=f"import {shown.pk}", details=details)
    words = ngettext("%(count)d ticket was deleted.", "%(count)d tickets were deleted.", undone.tickets)
    messages.success(request, words % {"count": undone.tickets})
    return redirect("mentions:import", number)


@require_POST
@login_required
def redo(request: HttpRequest, number: int) -> HttpResponse:
    access.require(request.user, UNDO)
    shown = get_object_or_404(_batches(request), pk=number)
    count = imports.redo(shown.pk)
    if count:
        details = {"items": count}
        log.record(
            EntryKind.IMPORT_RESTORED, now=desk_now(), actor=request.user, subject=f"import {shown.pk}", details=details
        )
        words = ngettext("Replaying %(count)d item.", "Replaying %(count)d items.", count) % {"count": count}
        messages.success(request, words)
    else:
        messages.warning(
            request,
            _("Nothing to redo: no item is marked as undone, or its raw data is gone."),
        )
    return redirect("mentions:import", number)
