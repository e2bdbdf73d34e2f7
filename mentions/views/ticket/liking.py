"""Likes a message: often the best answer to praise."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from mentions.replies import likes
from mentions.views import playing
from mentions.views.ticket.acting import flash_refusals, may_play, number_of, view_of, visible_or_404


@require_POST
@login_required
@flash_refusals
def like(request: HttpRequest, number: int) -> HttpResponse:
    """`message`: its id."""
    may_play(request)
    visible_or_404(request, number)
    likes.like(number, number_of(request.POST.get("message")) or 0, request.user, desk_now())
    messages.info(request, _("Sending the like. The message shows when it is done."))
    return redirect(playing.address(number, view_of(request)))
