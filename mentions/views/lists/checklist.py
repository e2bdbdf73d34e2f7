"""The weekly checklist of channels to look at by hand."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from channels.models import Channel
from mentions.notifications import checklist
from mentions.people import access


@require_GET
@login_required
def lines(request: HttpRequest) -> HttpResponse:
    access.require(request.user, access.VIEW)
    now = desk_now()
    context = {"lines": checklist.lines(request.user, now), "week": checklist.week_of(now)}
    return render(request, "mentions/checklist.html", context)


@require_POST
@login_required
def tick(request: HttpRequest, number: int) -> HttpResponse:
    """Mark a channel as checked, or (`undo`) unchecked."""
    access.require(request.user, access.PLAY)
    seen = access.seen_by(request.user, Channel).filter(is_checked_weekly=True)
    channel = seen.filter(pk=number).first()
    if channel is None:
        raise Http404
    now = desk_now()
    if request.POST.get("undo"):
        checklist.uncheck(channel, now)
        messages.info(request, _("%(name)s is on the list again.") % {"name": channel.name})
    else:
        checklist.check(channel, request.user, request.POST.get("note", ""), now)
        messages.success(request, _("%(name)s: done for this week.") % {"name": channel.name})
    return redirect("mentions:checklist")
