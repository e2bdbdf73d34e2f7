"""An author's page: every conversation, all accounts of the same human, notes."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from channels.registry.icons import platform_of
from mentions.models import Author
from mentions.people import access, own_side
from mentions.queue import paging
from mentions.queue.rows import rows, with_columns

PAGE = 50
ORDER = ("-last_message_at", "-id")


@require_GET
@login_required
def author(request: HttpRequest, number: int) -> HttpResponse:
    """404 for an author known only from channels that the viewer may not see."""
    access.require(request.user, access.VIEW)
    in_sight = access.seen_by(request.user, Author)
    shown = get_object_or_404(in_sight.select_related("person"), pk=number)
    accounts = list(in_sight.filter(person=shown.person).order_by("namespace", "handle")) if shown.person else [shown]
    tickets = access.visible_tickets(request.user).filter(requester__in=[account.pk for account in accounts])
    page = paging.after(tickets, ORDER, request.GET.get("after", "")).order_by(*ORDER)
    records = list(with_columns(page)[: PAGE + 1])
    context = {
        "author": shown,
        "heading": own_side.of_author(shown, platform_of(shown.namespace)) if shown.is_us else str(shown),
        "accounts": accounts,
        "may_export": request.user.has_perm(access.EXPORT) and not shown.is_us,
        "may_erase": request.user.has_perm(access.ERASE) and not shown.is_us,
        "notes": access.notes_about(shown.person, request.user),
        "rows": rows(records[:PAGE], desk_now()),
        "next": paging.cursor_of(records[PAGE - 1], ORDER) if len(records) > PAGE else "",
        "is_first": "after" not in request.GET,
    }
    return render(request, "mentions/author.html", context)
