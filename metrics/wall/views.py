"""The wall's page, and its figures alone once a minute."""

from __future__ import annotations

import re
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from metrics.pages.behind import may_read_reports
from metrics.tables import duration
from metrics.wall import wall_figures

EVERY_S = 60


def _unbroken(span: timedelta | None) -> str:
    """A number and its unit stay on one line: `20 h 48 min` takes two lines, not three."""
    return re.sub(r"(?<=\d) ", "\N{NO-BREAK SPACE}", duration(span))


@require_GET
@login_required
@may_read_reports
def wall(request: HttpRequest) -> HttpResponse:
    shown = wall_figures.wall(request.user, desk_now(), timezone.get_current_timezone())
    context = {
        "wall": shown,
        "waits": _unbroken(shown.waits),
        "replies": [(row, _unbroken(row.median), _unbroken(row.goal)) for row in shown.replies],
        "zone": timezone.get_current_timezone_name(),
        "every_s": EVERY_S,
    }
    name = "metrics/_wall.html" if request.headers.get("HX-Request") else "metrics/wall.html"
    answer = render(request, name, context)
    answer.headers["Cache-Control"] = "no-store"
    return answer
