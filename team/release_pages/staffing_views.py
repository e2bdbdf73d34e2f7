"""Buttons on the page of a release day: invite a colleague, put an expert on call."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from experts.directory.finding import present
from mentions.views.ticket.acting import number_of
from team.models import Release
from team.release_pages import staffing
from team.volunteers import inviting
from team.volunteers.inviting import InvitationRefused

may_change = permission_required("team.change_release", raise_exception=True)
may_invite = permission_required("team.add_volunteerday", raise_exception=True)


def _found(number: int) -> Release:
    return get_object_or_404(Release.objects.select_related("rule", "owner"), pk=number)


def _back(number: int) -> HttpResponse:
    return redirect(reverse("team:release", args=[number]) + "#staffing")


@require_POST
@login_required
@may_invite
def invite(request: HttpRequest, number: int) -> HttpResponse:
    """`user`."""
    found = _found(number)
    user = inviting.candidates(request.user).filter(pk=number_of(request.POST.get("user", "")) or 0).first()
    try:
        if user is None:
            raise InvitationRefused(_("Choose a colleague who is not an advocate."))
        staffing.invite(found, user, request.user, desk_now())
    except InvitationRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(who)s is invited.") % {"who": user.get_full_name() or user.username})
    return _back(number)


@require_POST
@login_required
@may_change
def put_on_call(request: HttpRequest, number: int) -> HttpResponse:
    """`expert`."""
    found = _found(number)
    expert = present(found.day).filter(pk=number_of(request.POST.get("expert", "")) or 0).first()
    if expert is None:
        messages.error(request, _("Choose an expert who is available that day."))
    elif staffing.put_on_call(found, expert, request.user, desk_now()):
        messages.success(request, _("%(who)s is on call.") % {"who": expert})
    else:
        messages.info(request, _("%(who)s was already on call.") % {"who": expert})
    return _back(number)
