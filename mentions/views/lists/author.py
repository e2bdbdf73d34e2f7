"""An author's page: every conversation, all accounts of the same human, notes."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from channels.registry.icons import platform_of
from mentions.models import Author, Mark
from mentions.people import access, marks, own_side
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
        **_marked(request, shown),
        "notes": access.notes_about(shown.person, request.user),
        "rows": rows(records[:PAGE], desk_now()),
        "next": paging.cursor_of(records[PAGE - 1], ORDER) if len(records) > PAGE else "",
        "is_first": "after" not in request.GET,
    }
    return render(request, "mentions/author.html", context)


def _marked(request: HttpRequest, shown: Author) -> dict[str, Any]:
    """Marks of the person: the bare marks for everybody; dates and reasons for people who may see all their
    accounts."""
    given = marks.given_to([shown.person_id]).get(shown.person_id, []) if shown.person_id and not shown.is_us else []
    may_mark = request.user.has_perm("mentions.change_mark") and not shown.is_us
    whole = access.seen_by(request.user, Mark).filter(person=shown.person_id).select_related("decided_by")
    known = {mark.kind: mark for mark in (whole if may_mark and shown.person_id else ())}
    return {
        "marks": given,
        "may_mark": may_mark,
        "all_marks": [(kind, label, known.get(kind)) for kind, label in Mark.Kind.choices],
        "may_contact": may_mark and (shown.person is None or access.may_see_person(shown.person, request.user)),
    }
