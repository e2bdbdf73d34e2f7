"""Marks a ticket as urgent, takes it, and undoes either."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels.audience import seen_by
from channels.clocks import desk_now
from mentions.queue import claims
from mentions.tickets.transitions import OutcomeRefused
from mentions.views.ticket.acting import back_to, flash_refusals, may_play, visible_or_404
from team.duties.slack import name_of
from team.models import UrgentCall
from team.urgent import calls


@require_POST
@login_required
@flash_refusals
def mark(request: HttpRequest, number: int) -> HttpResponse:
    """`why` and `room`s are optional: one key is enough."""
    may_play(request)
    visible_or_404(request, number)
    now = desk_now()
    why, rooms = request.POST.get("why", ""), request.POST.getlist("room")
    call = calls.ask(number, request.user, now=now, why=why, rooms=rooms)
    words = _("#%(id)s is urgent: the team is being called.") % {"id": number}
    messages.info(request, words, extra_tags=f"undo-urgent-{call.pk}")
    return back_to(request, number, now)


@require_POST
@login_required
def take(request: HttpRequest, call_id: int) -> HttpResponse:
    """Take it and, if nothing else is claimed, work on it at once."""
    may_play(request)
    call, now = _visible(request, call_id), desk_now()
    try:
        taken = calls.take(call.pk, request.user, now)
        if taken.taken_by_id != request.user.pk:
            messages.warning(request, _taken_by(taken))
            return redirect("mentions:ticket", call.ticket_id)
        claims.claim(request.user, call.ticket_id, now)
    except (OutcomeRefused, claims.AlreadyClaimed) as refused:
        messages.error(request, str(refused))
    except claims.HoldsAnother as other:
        messages.info(request, str(other), extra_tags=f"ticket-{other.ticket_id}")
    return redirect("mentions:ticket", call.ticket_id)


def _taken_by(call: UrgentCall) -> str:
    if call.taken_by is None:
        return _("This is no longer urgent.")
    return _("%(who)s has taken it already.") % {"who": name_of(call.taken_by)}


@require_POST
@login_required
def withdraw(request: HttpRequest, call_id: int) -> HttpResponse:
    """Not urgent (any more): also the *undo* of marking it."""
    may_play(request)
    call, now = _visible(request, call_id), desk_now()
    calls.withdraw(call.pk, request.user, now)
    messages.success(request, _("No longer urgent. The Slack threads will say so."))
    return back_to(request, call.ticket_id, now)


@require_POST
@login_required
def rooms(request: HttpRequest, call_id: int) -> HttpResponse:
    """Post it in further Slack channels (`room`, several)."""
    may_play(request)
    call, now = _visible(request, call_id), desk_now()
    try:
        calls.post_in(call.pk, request.user, request.POST.getlist("room"), now)
        messages.success(request, _("Posting it in Slack."))
    except OutcomeRefused as refused:
        messages.error(request, str(refused))
    return back_to(request, call.ticket_id, now)


@require_POST
@login_required
def seen(request: HttpRequest, call_id: int) -> HttpResponse:
    """The page of the ticket was shown to somebody."""
    may_play(request)
    call = _visible(request, call_id)
    if call.is_running:
        calls.see(call, request.user, desk_now())
    return HttpResponse(status=204)


def _visible(request: HttpRequest, call_id: int) -> Any:
    return get_object_or_404(seen_by(request.user, UrgentCall), pk=call_id)
