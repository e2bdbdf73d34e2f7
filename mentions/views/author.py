"""Who somebody is: every conversation, all accounts of the same human, notes."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from mentions import access, paging
from mentions.models import Author, Message
from mentions.queue_rows import rows, with_columns

PAGE = 50
ORDER = ("-last_message_at", "-id")


@require_GET
@login_required
def author(request: HttpRequest, number: int) -> HttpResponse:
    access.require(request.user, access.VIEW)
    shown = get_object_or_404(Author.objects.select_related("person"), pk=number)
    accounts = list(shown.person.authors.order_by("namespace", "handle")) if shown.person else [shown]
    tickets = access.visible_tickets(request.user).filter(requester__in=[account.pk for account in accounts])
    if not tickets.exists() and not _speaks_in_sight(request, accounts):
        raise Http404(number)  # known only from channels that this person may not see
    page = paging.after(tickets, ORDER, request.GET.get("after", "")).order_by(*ORDER)
    records = list(with_columns(page)[: PAGE + 1])
    context = {
        "author": shown,
        "accounts": accounts,
        "rows": rows(records[:PAGE], desk_now()),
        "next": paging.cursor_of(records[PAGE - 1], ORDER) if len(records) > PAGE else "",
        "is_first": "after" not in request.GET,
    }
    return render(request, "mentions/author.html", context)


def _speaks_in_sight(request: HttpRequest, accounts: list[Author]) -> bool:
    visible = access.visible_tickets(request.user)
    return Message.objects.filter(author__in=accounts, ticket__in=visible).exists()
