"""Merging and splitting tickets: a confirmation that shows the other ticket, then the change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from channels.clocks import desk_now
from mentions.models import Ticket
from mentions.people import access, audience
from mentions.queue import claims
from mentions.tickets.conversation import thread_of
from mentions.triage import merging
from mentions.views.ticket.acting import back_to, flash_refusals, number_of, visible_or_404


@require_http_methods(["GET", "POST"])
@login_required
@flash_refusals
def merge(request: HttpRequest, number: int) -> HttpResponse:
    """`into`: the target ticket's number, with or without #. GET shows the target, POST merges."""
    access.require(request.user, access.MERGE)
    source = visible_or_404(request, number)
    wanted = (request.POST.get("into") or request.GET.get("into", "")).strip().removeprefix("#")
    target, problem = _other(request, source, number_of(wanted), wanted)
    if request.method == "POST" and target is not None:
        try:
            merging.merge([source.pk], target.pk, request.user, desk_now())
        except merging.MergeRefused as refused:
            problem = str(refused)
        else:
            words = _("#%(source)s was merged into #%(target)s.") % {"source": source.pk, "target": target.pk}
            messages.success(request, words)
            return redirect("mentions:ticket", target.pk)
    context: dict[str, Any] = {"source": source, "target": target, "problem": problem, "wanted": wanted}
    if target is not None:
        context |= {"ticket": target, "thread": thread_of(target), "is_preview": True}
        context |= {"circle": audience.circle_of([source, target]), "narrows": _narrowed(source, target)}
    return render(request, "mentions/merge.html", context, status=422 if request.method == "POST" else 200)


def _other(request: HttpRequest, source: Ticket, wanted: int | None, said: str) -> tuple[Ticket | None, str]:
    """The ticket with that number, if this person may see it, or the error."""
    if not said:
        return None, ""
    if wanted == source.pk:
        return None, _("A ticket cannot be merged into itself. Give the number of the other one.")
    nothing = _("Ticket “%(number)s” does not exist, or you do not have access to it.") % {"number": said[:40]}
    if wanted is None:
        return None, nothing
    related = ("channel__connection", "requester__person")
    target = access.visible_tickets(request.user).select_related(*related).filter(pk=wanted).first()
    return (target, "") if target else (None, nothing)


def _narrowed(source: Ticket, target: Ticket) -> list[Ticket]:
    """The tickets among the two that fewer people can see after the merge."""
    together = len(audience.circle_of([source, target]).channels)
    return [ticket for ticket in (source, target) if len(audience.circle_of([ticket]).channels) < together]


@require_POST
@login_required
@flash_refusals
def split(request: HttpRequest, number: int) -> HttpResponse:
    """`message`: the one to split off into a new ticket."""
    access.require(request.user, access.MERGE)
    visible_or_404(request, number)
    message_id = number_of(request.POST.get("message"))
    try:
        new = merging.split(number, [message_id or 0], request.user, desk_now())
    except merging.MergeRefused as refused:
        messages.error(request, str(refused))
        return back_to(request, number, desk_now())
    words = _("The message is now ticket #%(id)s.") % {"id": new.pk}
    claimed = claims.current(request.user, desk_now())
    if claimed is None or claimed.pk != number:
        messages.success(request, words)
        return redirect("mentions:ticket", new.pk)
    messages.success(request, words, extra_tags=f"ticket-{new.pk}")
    return back_to(request, number, desk_now())
