"""The alerts page: running alerts and those of recent weeks."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from mentions.people import access
from metrics.alerts import showing
from metrics.alerts.showing import ShownAlert
from metrics.meanings import MEANINGS
from metrics.pages import tabs
from metrics.pages.words import channel_slugs, link


@require_GET
@login_required
@permission_required(access.VIEW_REPORTS, raise_exception=True)
def alerts(request: HttpRequest) -> HttpResponse:
    slugs = channel_slugs()
    every = [_context(each, request, slugs) for each in showing.shown_to(request.user, desk_now())]
    context = {
        "reports": tabs.tabs(),
        "title": tabs.ALERTS_TITLE,
        "running": [each for each in every if each["alert"].is_running],
        "past": [each for each in every if not each["alert"].is_running],
        "days": showing.SHOWN_FOR.days,
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "metrics/alerts.html", context)


def _context(shown: ShownAlert, request: HttpRequest, slugs: dict[int, str]) -> dict[str, Any]:
    return {
        "alert": shown.alert,
        "words": shown.words,
        "samples": shown.samples,
        "figures": [
            {
                "shown": cell.shown,
                "meaning": MEANINGS[cell.figure],
                "link": link(cell, request.GET, slugs, tabs.ALERTS) if cell.value else "",
            }
            for cell in shown.cells
        ],
    }
