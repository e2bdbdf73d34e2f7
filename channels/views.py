"""The channels page, for managers and admins."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from channels.overview import overview


@require_GET
@login_required
@permission_required("channels.view_connection", raise_exception=True)
def health(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(request, "channels/health.html", {"overview": overview(now), "now": now})
