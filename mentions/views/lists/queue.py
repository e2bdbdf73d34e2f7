"""The queue page: views with their counts on the left, one view's tickets on the right."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache as once
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from mentions.db import prepared
from mentions.db.loading import RowMapper
from mentions.models import View
from mentions.people import access
from mentions.queue import paging, view_filters, view_orders, view_tickets
from mentions.queue.rows import first_of, rows, with_columns
from mentions.text.rendering import capped
from mentions.views import choices

PAGE = 50
COUNTS_S = 4
NEXT_WORDS = {
    "oldest": gettext_lazy("Newer"),
    "stale": gettext_lazy("Newer"),
    "due": gettext_lazy("Due later"),
}


_VIEWS = "SELECT {columns} FROM mentions_view v WHERE (v.owner_id IS NULL OR v.owner_id = %(me)s)"


@once
def _shape() -> tuple[RowMapper[View], str]:
    shape = RowMapper(View)
    return shape, _VIEWS.format(columns=shape.columns("v"))


def views_of(user: access.User) -> list[View]:
    """Shared views and one's own, in order."""
    shape, statement = _shape()
    rows = prepared.run(f"{statement} ORDER BY v.position, v.name", {"me": user.pk})
    return [shape.from_row(row) for row in rows]


def view_named(user: access.User, slug: str) -> View:
    """A view this person may use. Raises Http404."""
    shape, statement = _shape()
    for row in prepared.run(f"{statement} AND v.slug = %(slug)s", {"me": user.pk, "slug": slug}):
        return shape.from_row(row)
    raise Http404(slug)


def pick(views: list[View], slug: str | None) -> View:
    """The view with that slug, or the first one if None; without any views, one of everything waiting."""
    if slug is None:
        return views[0] if views else View(name="", slug="", filters={})
    for view in views:
        if view.slug == slug:
            return view
    raise Http404(slug)


@require_GET
@login_required
def queue(request: HttpRequest, view: str | None = None) -> HttpResponse:
    """`?after=` is the next page. A request for the list alone (`X-Fragment`) with a matching ETag gets 304; the page
    itself keeps relative times current."""
    access.require(request.user, access.VIEW)
    now = desk_now()
    views = views_of(request.user)
    chosen = pick(views, view)
    records, more = _page(chosen, request, now)
    counts = recent_counts(views, request.user, now)
    tag = _tag(records, counts)
    if request.headers.get("X-Fragment") and request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        context = _context(request, chosen, views, counts, records, more, now)
        template = "mentions/_queue.html" if request.headers.get("X-Fragment") else "mentions/queue.html"
        response = render(request, template, {**context, "tag": tag})
    response.headers["ETag"] = tag
    response.headers["Vary"] = "Cookie, X-Fragment"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def recent_counts(views: list[View], user: Any, now: datetime) -> dict[int, int]:
    """The count of each view, at most COUNTS_S old: a selective view has to scan everything that waits, and every open
    page asks. The list itself is never cached."""
    shape = hashlib.blake2b(repr([(view.pk, view.filters) for view in views]).encode(), digest_size=12).hexdigest()
    key = f"queue-counts:{user.pk}:{shape}"
    kept: list[tuple[int, int]] | None = cache.get(key)
    if kept is not None:
        return dict(kept)
    counts = view_tickets.counts(views, user, now)
    cache.set(key, list(counts.items()), COUNTS_S)
    return counts


def _page(view: View, request: HttpRequest, now: datetime) -> tuple[list[dict[str, Any]], bool]:
    if view_filters.is_queue(view.filters) and "after" not in request.GET:
        records = first_of(view, request.user, now, PAGE + 1)
        return records[:PAGE], len(records) > PAGE
    order = view_orders.ORDERS[view_orders.order_of(view)]
    tickets = view_tickets.tickets_in(view, request.user, now)
    tickets = paging.after(tickets, order, request.GET.get("after", ""))
    records = list(with_columns(tickets)[: PAGE + 1])
    return records[:PAGE], len(records) > PAGE


def _tag(records: list[dict[str, Any]], counts: dict[int, int]) -> str:
    """An ETag that changes with anything the list shows, except the passing of time."""
    return f'"{hashlib.blake2b(repr((records, counts)).encode(), digest_size=12).hexdigest()}"'


def _context(
    request: HttpRequest,
    view: View,
    views: list[View],
    counts: dict[int, int],
    records: list[dict[str, Any]],
    more: bool,
    now: datetime,
) -> dict[str, Any]:
    order = view_orders.ORDERS[view_orders.order_of(view)]
    return {
        "view": view,
        "views": [
            {"name": v.name, "slug": v.slug, "count": capped(counts.get(v.pk)), "is_current": v is view} for v in views
        ],
        "count": counts.get(view.pk),
        "is_playable": request.user.has_perm(access.PLAY) and view_filters.is_queue(view.filters),
        "rows": rows(records, now),
        "can_pick": request.user.has_perm(access.BULK),
        "priorities": choices.priorities(),
        "no_reply_reasons": choices.no_reply_reasons_of_many(),
        "next": paging.cursor_of(records[-1], order) if more else "",
        "is_first": "after" not in request.GET,
        "order": view_orders.order_of(view),
        "next_word": NEXT_WORDS.get(view_orders.order_of(view), gettext_lazy("Older")),
    }
