"""Applies a macro to a ticket: a preview, then all or nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels.clocks import desk_now
from mentions.macros import macros
from mentions.models import Macro, Ticket
from mentions.search import lookups
from mentions.views import playing
from mentions.views.ticket.acting import (
    REFUSALS,
    back_to,
    may_play,
    number_of,
    ticket_words,
    token_of,
    view_of,
    visible_or_404,
    words_of,
)


@require_http_methods(["GET", "POST"])
@login_required
def macro(request: HttpRequest, number: int) -> HttpResponse:
    """`macro`: its id. GET shows the preview (`X-Fragment`: for the ticket page), POST applies it; the requested fields
    come as `field-<name>`."""
    may_play(request)
    ticket = visible_or_404(request, number)
    wanted = request.POST.get("macro") or request.GET.get("macro") or ""
    chosen = get_object_or_404(Macro, pk=number_of(wanted) or 0, is_active=True)
    if page := _page_of(chosen, request, ticket):
        return redirect(page)
    if request.method == "POST":
        return _apply(request, ticket, chosen)
    return _preview(request, ticket, chosen)


def _page_of(chosen: Macro, request: HttpRequest, ticket: Ticket) -> str:
    """The address of the page that carries the macro out; "" without one (or if it cannot be applied: the preview says
    why)."""
    try:
        name = macros.page_of(chosen)
    except macros.MacroRefused:
        return ""
    token = request.POST.get("token") or request.GET.get("token", "")
    return f"{reverse(name, args=[ticket.pk])}?{urlencode({'token': token})}" if name else ""


def _values(request: HttpRequest) -> dict[str, str]:
    return {
        name.removeprefix("field-"): value for name, value in request.POST.dict().items() if name.startswith("field-")
    }


def _preview(request: HttpRequest, ticket: Ticket, chosen: Macro, problem: str = "") -> HttpResponse:
    values = _values(request)
    try:
        shown = macros.preview(chosen, ticket, request.user, desk_now(), values)
    except macros.MacroRefused as refused:
        shown, problem = None, str(refused)
    context = {
        "macro": chosen,
        "ticket": ticket,
        "preview": shown,
        "fields": [_field(request, ticket, field, values) for field in shown.fields] if shown else [],
        "problem": problem,
        "token": request.POST.get("token") or request.GET.get("token", ""),
        "mode": request.POST.get("mode") or request.GET.get("mode", ""),
        "view_slug": request.POST.get("view") or request.GET.get("view", ""),
    }
    template = "mentions/_macro.html" if request.headers.get("X-Fragment") else "mentions/macro.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _field(request: HttpRequest, ticket: Ticket, field: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """With what was entered, and what lookups found as suggestions."""
    wanted = field.get("suggest")
    hits = lookups.suggestions(ticket, request.user, wanted, desk_now()) if wanted else []
    return {**field, "value": values.get(field["name"], ""), "suggestions": hits}


def _apply(request: HttpRequest, ticket: Ticket, chosen: Macro) -> HttpResponse:
    try:
        applied = macros.apply(
            chosen, ticket.pk, request.user, token_of(request), values=_values(request), now=desk_now()
        )
    except macros.MacroRefused as refused:
        return _preview(request, ticket, chosen, str(refused))
    except (*REFUSALS, ValidationError) as refused:
        messages.error(request, words_of(refused))
        return back_to(request, ticket.pk, desk_now())
    words = _("“%(macro)s” applied; its reply is in the composer") if applied.reply_text else _("“%(macro)s” applied")
    messages.success(request, ticket_words(ticket.pk, words % {"macro": chosen}))
    return redirect(playing.address(ticket.pk, view_of(request)))
