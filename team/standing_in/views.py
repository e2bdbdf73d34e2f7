"""On the coverage page: hands a role over for the time of an absence, and takes it back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from mentions.views.ticket.acting import number_of
from team.duties.slack import name_of
from team.models import Absence, StandIn
from team.standing_in import handing

MAY_HAND_OVER = "team.change_shift"
"""Managers and admins; advocates see it."""
may_hand_over = permission_required(MAY_HAND_OVER, raise_exception=True)


@require_POST
@login_required
@may_hand_over
def hand(request: HttpRequest, number: int) -> HttpResponse:
    """`role`, `number`, `to`: as the page proposes them."""
    found = get_object_or_404(Absence, pk=number)
    to = get_object_or_404(get_user_model(), pk=number_of(request.POST.get("to", "")) or 0)
    role, of = request.POST.get("role", ""), number_of(request.POST.get("number", "")) or 0
    try:
        row = handing.hand(found.pk, role, of, to, request.user, desk_now())
    except handing.NotHanded as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(who)s stands in: %(what)s") % {"who": name_of(row.to), "what": row.what})
    return _back()


@require_POST
@login_required
@may_hand_over
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    row = handing.take_back(get_object_or_404(StandIn, pk=number).pk, desk_now())
    messages.info(request, _("Taken back: %(what)s") % {"what": row.what})
    return _back()


def _back() -> HttpResponse:
    return redirect(reverse("team:coverage") + "#stand-ins")
