"""The pages of the monthly meeting."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from team.duties import rota
from team.meeting import numbers, planning
from team.models import Meeting, MeetingRule

SHOWN = 24
may_see = permission_required("team.view_meeting", raise_exception=True)
may_change = permission_required("team.change_meeting", raise_exception=True)


@require_GET
@login_required
@may_see
def meetings(request: HttpRequest) -> HttpResponse:
    """Planned meetings with who does the slides, the nearest first, then past ones, the latest first."""
    newest = list(Meeting.objects.select_related("rule", "owner", "reported_by").order_by("-month")[:SHOWN])
    this_month = timezone.localtime(desk_now()).date().replace(day=1)
    upcoming = [each for each in reversed(newest) if each.month >= this_month]
    rows = upcoming + [each for each in newest if each.month < this_month]
    people = rota.people(planning.DUTY)
    context = {
        "rows": [(each, planning.due(each)) for each in rows],
        "now": desk_now(),
        "has_rule": MeetingRule.objects.filter(is_active=True).exists(),
        "people": people,
        "is_in": any(user.pk == request.user.pk for user in people),
        "may_change": request.user.has_perm("team.change_meeting"),
    }
    return render(request, "team/meetings.html", context)


@require_GET
@login_required
@may_see
def meeting(request: HttpRequest, number: int) -> HttpResponse:
    found = _found(number)
    first, last = planning.reported_month(found)
    offer = numbers.of(first, last, desk_now())
    done = {check.item: check for check in found.checks.select_related("done_by")}
    context = {
        "meeting": found,
        "due": planning.due(found),
        "first": first,
        "numbers": offer.numbers,
        "pasted": "\n".join(number.line for number in offer.numbers),
        "pictures": offer.pictures if request.user.has_perm("mentions.view_reports") else [],
        "pages": offer.pages if request.user.has_perm("mentions.view_reports") else [],
        "checklist": [(item, done.get(item)) for item in found.rule.checklist],
        "missing": planning.missing(found),
        "may_change": request.user.has_perm("team.change_meeting"),
    }
    return render(request, "team/meeting.html", context)


def _found(number: int) -> Meeting:
    return get_object_or_404(Meeting.objects.select_related("rule", "owner", "reported_by"), pk=number)


@require_POST
@login_required
@may_change
def tick(request: HttpRequest, number: int) -> HttpResponse:
    """`item`; with `undo`, it is not done after all."""
    found = _found(number)
    item, is_done = request.POST.get("item", ""), not request.POST.get("undo")
    try:
        planning.tick(found.pk, item, request.user, desk_now(), is_done=is_done)
    except planning.NotUpToDate as refused:
        messages.error(request, str(refused))
    return redirect("team:meeting", found.pk)


@require_POST
@login_required
@may_change
def report(request: HttpRequest, number: int) -> HttpResponse:
    """The slides are up to date."""
    found = _found(number)
    try:
        planning.report(found.pk, request.user, desk_now())
    except planning.NotUpToDate as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Reported."))
    return redirect("team:meeting", found.pk)


@require_POST
@login_required
@may_change
def take(request: HttpRequest, number: int) -> HttpResponse:
    """The viewer does the slides of this month."""
    planning.take(_found(number).pk, request.user)
    messages.success(request, _("The slides are yours this month."))
    return redirect("team:meeting", number)


@require_POST
@login_required
@may_change
def join_rota(request: HttpRequest) -> HttpResponse:
    """Join; with `leave`, leave."""
    if request.POST.get("leave"):
        rota.leave(planning.DUTY, request.user)
        messages.info(request, _("You have left the rota. Months already assigned to you stay yours."))
    else:
        rota.join(planning.DUTY, request.user)
        planning.plan(desk_now())
        messages.success(request, _("You are in the rota for the slides now."))
    return redirect("team:meetings")
