"""The search page: one box, recognised terms as chips, matches highlighted."""

from __future__ import annotations

import re

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from mentions.models import Ticket
from mentions.people import access
from mentions.search import author_search
from mentions.search.search import Results
from mentions.search.search import search as find

STATUS_WORDS = dict(Ticket.Status.choices)


@require_GET
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """`?q=`; a ticket number alone (`#12`) redirects to it."""
    access.require(request.user, access.VIEW)
    text = request.GET.get("q", "").strip()[:500]
    number = text.removeprefix("#")
    is_number = text.startswith("#") and number.isdecimal() and len(number) < 18
    if is_number and access.visible_tickets(request.user).filter(pk=int(number)).exists():
        return redirect("mentions:ticket", int(number))
    found = find(text, request.user, request.GET.get("cursor"), desk_now()) if text else Results()
    context = {
        "text": text,
        "found": found,
        "hits": [{"hit": hit, "status_word": STATUS_WORDS.get(hit.status, hit.status)} for hit in found.hits],
        "people": author_search.find(found.words, request.user)
        if found.words and not request.GET.get("cursor")
        else [],
        "chips": _chips(text, found),
        "more": f"?{urlencode({'q': text, 'cursor': found.next_cursor})}" if found.next_cursor else "",
    }
    return render(request, "mentions/search.html", context)


def _chips(text: str, found: Results) -> list[dict[str, str]]:
    """Each term with the URL of the same search without it."""
    return [
        {"label": str(term), "without": f"{reverse('mentions:search')}?{urlencode({'q': _without(text, str(term))})}"}
        for term in found.terms
    ]


def _without(text: str, term: str) -> str:
    return " ".join(re.sub(re.escape(term), " ", text, count=1, flags=re.IGNORECASE).split())
