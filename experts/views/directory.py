"""The directory with running outreaches."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from experts.models import Expert, Outreach, Topic
from mentions.people import access

may_see = permission_required("experts.view_expert", raise_exception=True)


@require_GET
@login_required
@may_see
def directory(request: HttpRequest) -> HttpResponse:
    """Experts and topics, absences, and running outreaches."""
    now = desk_now()
    context = {
        "experts": Expert.objects.filter(is_active=True)
        .select_related("person")
        .prefetch_related("topics", "person__accounts"),
        "topics": Topic.objects.select_related("parent"),
        "running": access.seen_by(request.user, Outreach)
        .filter(state__in=Outreach.RUNNING)
        .select_related("expert__person", "topic", "ticket__channel", "asked_by", "outbound")
        .order_by("asked_at"),
        "today": now.date(),
        "now": now,
    }
    return render(request, "experts/directory.html", context)
