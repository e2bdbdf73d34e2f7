"""Searches beside the composer. A worker queries the systems; the page polls for each result separately."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from channels.clocks import desk_now
from channels.http.limits_per_person import may_ask
from channels.models import Lookup
from mentions.models import Ticket
from mentions.search import lookups
from mentions.views.ticket import ticket as ticket_pages
from mentions.views.ticket.acting import visible_or_404

PER_MINUTE = 30


@require_POST
@login_required
def search(request: HttpRequest, number: int) -> HttpResponse:
    """`q`: search everywhere; returns the panel's new content, or (without scripts) the page of links."""
    ticket = visible_or_404(request, number)
    query = _query(request)
    problem = ""
    if may_ask(request.user.pk, "lookups:", PER_MINUTE):
        lookups.search(ticket, request.user, query, desk_now())
    else:
        problem = _("You searched many times within a minute. Wait a moment, then try again.")
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('mentions:links', args=[number])}?{urlencode({'q': query})}")
    return ticket_pages.found(request, ticket, query, problem)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def one(request: HttpRequest, number: int, lookup: int) -> HttpResponse:
    """The results of one lookup for `q`; POST searches again."""
    ticket = visible_or_404(request, number)
    row = _lookup(request, ticket, lookup)
    query = _query(request)
    if request.method == "POST":
        if may_ask(request.user.pk, "lookups:", PER_MINUTE):
            lookups.search_one(ticket, request.user, row, query, desk_now())
        if not request.headers.get("HX-Request"):
            return redirect(f"{reverse('mentions:links', args=[number])}?{urlencode({'q': query})}")
    slot = lookups.slot_of(ticket, row, query, desk_now())
    return render(request, "mentions/_lookup.html", {"slot": slot, "ticket": ticket, "query": query})


def _lookup(request: HttpRequest, ticket: Ticket, pk: int) -> Lookup:
    found = next((each for each in lookups.shown_for(ticket, request.user) if each.pk == pk), None)
    if found is None:
        raise Http404
    return found


def _query(request: HttpRequest) -> str:
    return (request.POST.get("q") or request.GET.get("q") or "").replace("\0", "").strip()[: lookups.MAX_QUERY]
