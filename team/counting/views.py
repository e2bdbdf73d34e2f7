"""The team's day by month: the table, its CSV, and what is behind a number."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from team.counting import months
from team.counting.months import Months

MAX_SHOWN = 300
may_see = permission_required("team.view_volunteerday", raise_exception=True)


@require_GET
@login_required
@may_see
def table(request: HttpRequest) -> HttpResponse:
    """With `count` and `month` (2026-07): what is behind that number."""
    found = months.of(request.user, desk_now(), timezone.get_current_timezone())
    slug, month = request.GET.get("count", ""), _month(request.GET.get("month", ""), found)
    behind = found.found.get((slug, month), []) if month else []
    context = {
        "months": found.months,
        "hours": found.hours,
        "counts": found.counts,
        "is_empty": found.is_empty,
        "heading": months.COUNTS[slug] if month and slug in months.COUNTS else "",
        "month": month,
        "behind": behind[:MAX_SHOWN],
        "rest": max(len(behind) - MAX_SHOWN, 0),
    }
    return render(request, "team/months.html", context)


def _month(text: str, found: Months) -> date | None:
    return next((month for month in found.months if f"{month:%Y-%m}" == text), None)


@require_GET
@login_required
@may_see
def table_csv(request: HttpRequest) -> HttpResponse:
    now = desk_now()
    found = months.of(request.user, now, timezone.get_current_timezone())
    headers = {"Content-Disposition": f'attachment; filename="team-{now:%Y-%m-%d}.csv"'}
    return HttpResponse(
        months.as_csv(found).encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers
    )
