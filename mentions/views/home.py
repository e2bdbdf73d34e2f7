"""The start page for each role."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from mentions.people import access
from mentions.views.menu import entries_for


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Players go to the queue; others to the menu entry that starts their day, else the first one."""
    if request.user.has_perm(access.PLAY):
        return redirect("mentions:queue")
    entries = entries_for(request)
    starts = [entry for entry in entries if entry.starts_day] or entries
    return redirect(starts[0].url if starts else "mentions:me")
