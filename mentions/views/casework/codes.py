"""Stocks of discount and swag codes: how many are left, who got one, import. No page shows a code itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from channels.clocks import desk_now
from mentions.codes import stock as stock_of_codes
from mentions.models import Code, CodeStock, Ticket
from mentions.people import access
from mentions.tickets.conversation import Thread
from mentions.tickets.transitions import OutcomeRefused
from mentions.views import playing
from mentions.views.panels import Panel
from mentions.views.ticket.acting import flash_refusals, may_play, view_of, visible_or_404

GIVE, IMPORT = "mentions.give_code", "mentions.import_code"
SHOWN = 100
MAX_BYTES = 1_000_000
may_give = permission_required(GIVE, raise_exception=True)


class StockForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = CodeStock
        fields = ("name", "description", "warn_below")


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    """Codes that the requester got."""
    given = list(access.seen_by(request.user, Code).filter(ticket=ticket).select_related("stock", "given_by"))
    return {"codes": given} if given else None


@require_http_methods(["GET", "POST"])
@login_required
@may_give
def stocks(request: HttpRequest) -> HttpResponse:
    """GET: all stocks. POST: a new one, for those who may import."""
    form = StockForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        _require_import(request)
        if form.is_valid():
            made = form.save()
            return redirect("mentions:codes_of", made.pk)
    free = Count("codes", filter=Q(codes__ticket__isnull=True))
    rows = CodeStock.objects.annotate(left=free, total=Count("codes")).order_by("name")
    found = {"stocks": rows, "form": form, "may_import": request.user.has_perm(IMPORT)}
    return render(request, "mentions/casework/codes.html", found, status=422 if form.errors else 200)


def _require_import(request: HttpRequest) -> None:
    if not request.user.has_perm(IMPORT):
        raise PermissionDenied


@require_http_methods(["GET", "POST"])
@login_required
@may_give
def stock(request: HttpRequest, stock_id: int) -> HttpResponse:
    """GET: who got codes of this stock. POST: import `codes` (pasted) or `file` (CSV)."""
    found = get_object_or_404(CodeStock, pk=stock_id)
    wrong: list[tuple[int, str]] = []
    if request.method == "POST":
        _require_import(request)
        wrong = _import(request, found)
        if not wrong:
            return redirect("mentions:codes_of", found.pk)
    given = access.seen_by(request.user, Code).filter(stock=found, ticket__isnull=False)
    rows = given.select_related("ticket__requester", "given_by").order_by("-given_at", "-pk")[:SHOWN]
    shown = {"stock": found, "left": stock_of_codes.left(found), "given": rows, "wrong": wrong[:SHOWN]}
    shown["may_import"] = request.user.has_perm(IMPORT)
    return render(request, "mentions/casework/code_stock.html", shown, status=422 if wrong else 200)


def _import(request: HttpRequest, found: CodeStock) -> list[tuple[int, str]]:
    """The invalid lines; valid ones are imported anyway."""
    try:
        done = stock_of_codes.import_codes(found, _text(request), request.user, desk_now())
    except OutcomeRefused as refused:
        return [(0, str(refused))]
    words = ngettext("%(count)d new code.", "%(count)d new codes.", done.new) % {"count": done.new}
    if done.known:
        words += " " + _("%(count)d had already been imported.") % {"count": done.known}
    messages.success(request, words)
    return done.wrong


def _text(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return request.POST.get("codes", "")
    if (file.size or 0) > MAX_BYTES:
        raise OutcomeRefused(_("The file is too large. Import at most 1 MB at once."))
    content: bytes = file.read()
    return content.decode("utf-8-sig", "replace")


@require_POST
@login_required
@may_give
@flash_refusals
def put_back(request: HttpRequest, number: int, code_id: int) -> HttpResponse:
    """The requester does not get the code after all."""
    may_play(request)
    visible_or_404(request, number)
    code = get_object_or_404(access.seen_by(request.user, Code), pk=code_id, ticket=number)
    stock_of_codes.put_back(code.pk, request.user, desk_now())
    messages.success(request, _("The code is back in its stock."))
    return redirect(playing.address(number, view_of(request)))


CODES = Panel(
    "codes",
    gettext_lazy("Codes"),
    "mentions/casework/given_codes.html",
    context,
    position=35,
    permission=GIVE,
    rows="EXISTS (SELECT 1 FROM mentions_code WHERE ticket_id = %(ticket)s)",
)
