"""Lists the tickets behind a figure, or the requests behind a figure about requests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from mentions.people.access import visible_tickets
from metrics import outcome_conditions as outcomes
from metrics import reach_keys
from metrics.activity.report import ActivityReport
from metrics.advocates import work_counts
from metrics.definitions import FIGURE_NAMES, HIGH, LATELY_NAMES, NOW_NAMES, Filters, Tickets, figure
from metrics.figures import parts
from metrics.figures.parts import PART_KEYS
from metrics.first_reply.report import FirstReplyReport
from metrics.meanings import MEANINGS
from metrics.outreaches import conditions
from metrics.overview.report import OverviewReport
from metrics.pages import overview_page, query_params, tabs
from metrics.pages.query_params import Asked
from metrics.pages.words import period_pairs
from metrics.periods import Period, read_day
from metrics.reach import counts as reach
from metrics.release_days import release_counts
from metrics.release_days.days import Days
from metrics.tables import duration

PER_PAGE = 50
NAMES = (*FIGURE_NAMES, *reach_keys.NAMES, *work_counts.NAMES, *release_counts.NAMES, *conditions.NAMES)
may_read_reports = permission_required("mentions.view_reports", raise_exception=True)


@require_GET
@login_required
@may_read_reports
def tickets(request: HttpRequest) -> HttpResponse:
    """The tickets that a figure counted, exactly."""
    question = query_params.read(request, desk_now())
    name = request.GET.get("figure", "")
    if name not in NAMES:
        raise Http404(name)
    day, at = _day(request.GET.get("day", "")), _moment(request.GET.get("at", ""))
    is_of_requests = name in conditions.NAMES
    page = _requests(request, question, name, day) if is_of_requests else _tickets(request, question, name, day, at)
    rest = request.GET.copy()
    rest.pop("page", None)
    report_name = request.GET.get("of", "")
    if report_name not in tabs.NAMES:
        report_name = ActivityReport.name if day else FirstReplyReport.name
    context = {
        "page": page,
        "figure": MEANINGS[name].label,
        "meaning": MEANINGS[name].text,
        "has_reach": name in (*reach_keys.NAMES, outcomes.NEXT_REPLIES),
        "day": day,
        "at": at if name in (*NOW_NAMES, *LATELY_NAMES) else None,
        "question": question,
        "query": rest.urlencode(),
        "back": f"{reverse('metrics:report', args=[report_name])}?{_of_the_report(rest, report_name).urlencode()}",
    }
    return render(request, "metrics/requests.html" if is_of_requests else "metrics/tickets.html", context)


def _tickets(request: HttpRequest, question: Asked, name: str, day: date | None, at: datetime) -> Page[Any]:
    filters = question.filters
    part = parts.read(request.GET)
    seen = visible_tickets(request.user)
    chosen = filters.narrow(seen)
    if days := part.release or release_counts.SIDES.get(name, ""):
        chosen = _of_release_days(chosen, release_counts.days_of(seen, filters, desk_now()), name, days, at, filters)
    elif name in work_counts.NAMES:
        chosen = chosen.filter(work_counts.condition(name, filters.period, part.advocate or 0))
    elif name in reach_keys.NAMES:
        chosen = chosen.filter(figure("mentions", filters.period, at, day), reach.condition(name))
        chosen = chosen.annotate(reach=reach.of_ticket(name))
    else:
        chosen = chosen.filter(figure(name, filters.period, at, day, with_noise=filters.with_noise))
    if name == outcomes.NEXT_REPLIES:
        chosen = chosen.annotate(reach=outcomes.waits_of_ticket(filters.period, with_noise=filters.with_noise))
    if request.GET.get("high"):
        chosen = chosen.filter(HIGH)
    chosen = parts.of_tickets(chosen, part, name, filters.period.tz)
    timed = chosen.annotate(reply_time=filters.clock.reply_time).select_related("channel__connection", "requester")
    page = _page(request, timed.order_by("posted_at", "pk"))
    for ticket in page:
        ticket.reply_duration = duration(ticket.reply_time if ticket.first_reply_at else None)
    return page


def _of_release_days(chosen: Tickets, days: Days, name: str, which: str, at: datetime, filters: Filters) -> Tickets:
    """Within the days of the report, which may lie before the page's period."""
    try:
        return release_counts.listed(chosen, name, which, days, at, with_noise=filters.with_noise)
    except KeyError as error:
        raise Http404(which) from error


def _requests(request: HttpRequest, question: Asked, name: str, day: date | None) -> Page[Any]:
    filters = question.filters
    span = Period(day, day, filters.period.tz) if day else filters.period
    chosen = conditions.narrowed(visible_tickets(request.user), filters).filter(conditions.condition(name, span))
    chosen = chosen.filter(conditions.of_part(parts.read(request.GET), name))
    related = ("ticket__channel__connection", "expert__person", "topic", "asked_by", "answered_by")
    page = _page(request, chosen.select_related(*related).order_by("asked_at", "pk"))
    for each in page:
        each.took = duration(each.latency)
    return page


def _page(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def _of_the_report(query: QueryDict, name: str) -> QueryDict:
    """Without the parameters of one figure. A page with a custom period says so (`period=custom`); days alone belong to
    the figure."""
    kept = query.copy()
    was = kept.get("was", "")
    days = ("from", "to") if name == OverviewReport.name or "period" not in query else ()
    of_tags = ("tag",) if "tagged" in query else ()
    for key in ("figure", "day", "at", "of", "was", "high", "tagged", *PART_KEYS, *days, *of_tags):
        kept.pop(key, None)
    for key, value in period_pairs(was) if was else ():
        kept[key] = value
    return kept


def _moment(text: str) -> datetime:
    try:
        return overview_page.moment(text, desk_now())
    except ValueError as error:
        raise Http404(text) from error


def _day(text: str) -> date | None:
    try:
        return read_day(text) if text else None
    except ValueError as error:
        raise Http404(text) from error
