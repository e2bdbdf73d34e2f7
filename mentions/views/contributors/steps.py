"""Contributors' steps by month: the table, its CSV, and the people behind a figure."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from mentions.marks import steps

may_see = permission_required("mentions.view_mark", raise_exception=True)


@require_GET
@login_required
@may_see
def table(request: HttpRequest) -> HttpResponse:
    """With `step` and `month` (2026-07): the people behind that figure."""
    found = steps.of(request.user, desk_now(), timezone.get_current_timezone())
    step, month = request.GET.get("step", ""), _month(request.GET.get("month", ""), found)
    numbers = found.found.get((step, month), []) if month else []
    chosen = step in steps.STEPS and month is not None
    context = {
        "rows": found.rows,
        "headings": [label for label, _people in steps.STEPS.values()],
        "is_empty": found.is_empty,
        "step": steps.STEPS[step][0] if chosen else "",
        "month": month,
        "people": steps.people(request.user, step, numbers) if chosen else [],
        "rest": max(len(numbers) - steps.MAX_SHOWN, 0),
    }
    return render(request, "mentions/contributors/steps.html", context)


def _month(text: str, found: steps.Steps) -> date | None:
    return next((month for month in found.months if f"{month:%Y-%m}" == text), None)


@require_GET
@login_required
@may_see
def table_csv(request: HttpRequest) -> HttpResponse:
    now = desk_now()
    found = steps.of(request.user, now, timezone.get_current_timezone())
    headers = {"Content-Disposition": f'attachment; filename="contributors-steps-{now:%Y-%m-%d}.csv"'}
    content = steps.as_csv(found).encode("utf-8-sig")
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
