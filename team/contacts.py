"""The page of emergency and incident contacts, two keystrokes away from every page (`g c`)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from channels.clocks import desk_now
from team import roster
from team.models import Contact


@require_GET
@login_required
@permission_required("team.view_contact", raise_exception=True)
def contacts(request: HttpRequest) -> HttpResponse:
    """Grouped by kind, below the people on shift and on call."""
    now, rows = desk_now(), list(Contact.objects.all())
    groups = [(label, [row for row in rows if row.kind == kind]) for kind, label in Contact.Kind.choices]
    context = {
        "groups": [group for group in groups if group[1]],
        "on_now": roster.on_now(now),
        "on_call": roster.on_call_now(now),
    }
    return render(request, "team/contacts.html", context)
