"""Applications to programs: the list, and the application next to its ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from mentions.models import Application, Ticket
from mentions.people import access
from mentions.programs import applications, crm
from mentions.tickets.conversation import Thread
from mentions.views import playing
from mentions.views.panels import Panel
from mentions.views.ticket.acting import flash_refusals, may_play, token_of, view_of, visible_or_404

PER_PAGE = 50


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    """None on channels of no program: no statement."""
    if not applications.program_of(ticket):
        return None
    found = access.seen_by(request.user, Application).filter(ticket=ticket).select_related("decided_by").first()
    if found is None:
        return None
    is_mine = ticket.claimed_by_id == request.user.pk
    moves = applications.MOVES[found.state]
    return {
        "application": found,
        "moves": [choice for choice in Application.State.choices if choice[0] in moves and choice[0] != "done"],
        "call": crm.last_call(ticket.pk) if crm.is_set_up() else None,
        "takes_licence": found.state in (Application.State.APPROVED, Application.State.DONE),
        "may_decide": request.user.has_perm(access.PLAY) and request.user.has_perm(access.DECIDE),
        "token": ticket.claim_token if is_mine else "",
    }


@require_GET
@login_required
@permission_required("mentions.view_ticket", raise_exception=True)
def listing(request: HttpRequest) -> HttpResponse:
    """`program`, `state` (empty: those waiting for us; `any`: all), `page`."""
    seen = access.seen_by(request.user, Application)
    program, state = request.GET.get("program", ""), request.GET.get("state", "")
    rows = seen.filter(program=program) if program else seen
    counts = dict(rows.order_by().values_list("state").annotate(count=Count("pk")))
    if state in Application.State.values:
        rows = rows.filter(state=state)
    elif state != "any":
        rows = rows.filter(state__in=Application.WAITING)
    rows = rows.select_related("ticket__requester", "ticket__channel", "decided_by").order_by("state_at", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "mentions/casework/programs.html",
        {
            "page": page,
            "program": program,
            "state": state,
            "programs": list(seen.order_by("program").values_list("program", flat=True).distinct()),
            "states": [(value, label, counts.get(value, 0)) for value, label in Application.State.choices],
        },
    )


@require_POST
@login_required
@flash_refusals
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """`state`, or `licence`: its number and terms."""
    may_play(request)
    visible_or_404(request, number)
    now, token = desk_now(), token_of(request)
    if "licence" in request.POST:
        applications.note_licence(number, request.user, token, licence=request.POST["licence"], now=now)
        messages.success(request, _("Noted. The application is done."))
    else:
        found = applications.decide(number, request.user, token, state=request.POST.get("state", ""), now=now)
        messages.success(request, _("The application is now “%(state)s”.") % {"state": found.get_state_display()})
    return redirect(playing.address(number, view_of(request)))


PROGRAM = Panel("program", gettext_lazy("Application"), "mentions/casework/application.html", context, position=15)
