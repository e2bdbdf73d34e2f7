"""The list of keyboard shortcuts, and the command palette (Ctrl+K)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from mentions.models import View
from mentions.people import access
from mentions.search import author_search
from mentions.views.keymap import groups
from mentions.views.menu import entries_for

TICKETS = 8
PEOPLE = 4


@require_GET
@login_required
def keys(request: HttpRequest) -> HttpResponse:
    """As a page, or as the dialog's content."""
    template = "mentions/_keys.html" if request.headers.get("X-Fragment") else "mentions/keys.html"
    return render(request, template, {"groups": groups()})


@require_GET
@login_required
def palette(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    found = [*_tickets(request, text), *_people(request, text), *_views(request, text), *_pages(request, text)]
    if text:
        found.append(
            {"label": _("Search for “%(text)s”") % {"text": text}, "kind": "", "url": _search_url(text)},
        )
    return render(request, "mentions/_palette_results.html", {"results": found})


def _search_url(text: str) -> str:
    from urllib.parse import urlencode

    return f"{reverse('mentions:search')}?{urlencode({'q': text})}"


def _tickets(request: HttpRequest, text: str) -> list[dict[str, str]]:
    """By number, or by the beginning of a requester's handle; otherwise use the search page."""
    if not text:
        return []
    tickets = access.visible_tickets(request.user)
    number = text.removeprefix("#")
    if number.isdecimal() and len(number) < 18:
        tickets = tickets.filter(pk=int(number))
    else:
        tickets = tickets.filter(requester__handle__iexact=text.removeprefix("@")).order_by("-last_message_at")
    return [
        {
            "label": f"#{ticket.pk} {ticket.subject}",
            "kind": _("ticket"),
            "url": reverse("mentions:ticket", args=[ticket.pk]),
            "platform": ticket.channel.connection.platform,
        }
        for ticket in tickets.select_related("channel__connection")[:TICKETS]
    ]


def _people(request: HttpRequest, text: str) -> list[dict[str, str]]:
    return [
        {
            "label": f"{who.name} {who.handle}" if who.handle != who.name else who.name,
            "kind": _("person"),
            "url": reverse("mentions:author", args=[who.pk]),
            "platform": who.namespace,
        }
        for who in author_search.find(text, request.user, PEOPLE)
    ]


def _views(request: HttpRequest, text: str) -> list[dict[str, str]]:
    if not request.user.has_perm(access.VIEW):
        return []
    views = View.objects.filter(Q(owner=None) | Q(owner=request.user), name__icontains=text)
    return [
        {"label": view.name, "kind": _("queue"), "url": reverse("mentions:queue", args=[view.slug])} for view in views
    ]


def _pages(request: HttpRequest, text: str) -> list[dict[str, str]]:
    pages = [(entry.label, entry.url) for entry in entries_for(request)]
    pages.append((_("Your settings"), reverse("mentions:me")))
    return [{"label": label, "kind": _("page"), "url": url} for label, url in pages if text.lower() in label.lower()]
