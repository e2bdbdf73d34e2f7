"""The end-of-day page, and what was handed to oneself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from channels.audience import seen_by
from channels.clocks import desk_now
from mentions.notifications import sharing
from mentions.views.ticket.acting import may_play, number_of
from team.handover import banner, deciding, work
from team.models import HandOver, HandOverItem

MAX_WAITING = 200


@require_http_methods(["GET", "POST"])
@login_required
def hand_over(request: HttpRequest) -> HttpResponse:
    """For each ticket `decision-<id>`, `note-<id>`, `room-<id>` (a Slack channel to post it in) and, if it goes to
    somebody else than the rest, `to-<id>`; for all of them `to` (a user, or empty: the queue) and `note`."""
    may_play(request)
    now, user = desk_now(), request.user
    people = deciding.next_people(user, now)
    if request.method == "POST":
        return _carry_out(request, people)
    today = seen_by(user, HandOver).filter(user=user.pk, day=deciding.today_of(user, now)).first()
    found = work.with_expertises(work.of(user, now), user)
    deciding.propose_owners(found, people, now)
    context = {
        "work": found,
        "people": people,
        "rooms": sharing.channels_of_all(each.ticket for each in found),
        "decisions": HandOverItem.Decision.choices,
        "waiting": banner.waiting_for(user, MAX_WAITING),
        "today": today,
        "done": _done(user, today),
        "now": now,
    }
    return render(request, "team/hand_over.html", context)


def _done(user: Any, today: HandOver | None) -> list[HandOverItem]:
    if today is None:
        return []
    items = seen_by(user, HandOverItem).filter(hand_over=today)
    return list(items.select_related("ticket__requester", "ticket__channel__connection", "to"))


def _carry_out(request: HttpRequest, people: list[Any]) -> HttpResponse:
    by_id = {each.pk: each for each in people}
    to = by_id.get(number_of(request.POST.get("to")) or 0)
    _day, refused = deciding.hand_over(
        request.user, to, _choices(request, by_id), note=request.POST.get("note", ""), now=desk_now()
    )
    for words in refused:
        messages.error(request, words)
    if not refused:
        messages.success(request, _("Handed over. Have a good evening!"))
    return redirect("team:hand_over")


def _choices(request: HttpRequest, people: Mapping[int, Any]) -> dict[int, deciding.Choice]:
    found = {}
    for name, value in request.POST.items():
        ticket = number_of(name.removeprefix("decision-")) if name.startswith("decision-") else None
        if ticket is not None:
            to = people.get(number_of(request.POST.get(f"to-{ticket}")) or 0)
            note, room = request.POST.get(f"note-{ticket}", ""), request.POST.get(f"room-{ticket}", "")
            found[ticket] = deciding.Choice(str(value), note, to, room)
    return found


@require_POST
@login_required
def begin(request: HttpRequest, item_id: int) -> HttpResponse:
    """They have taken note: the note at the top disappears, the ticket stays theirs."""
    may_play(request)
    item = get_object_or_404(seen_by(request.user, HandOverItem), pk=item_id, to=request.user.pk)
    deciding.begin(item.pk, request.user, desk_now())
    return redirect("mentions:ticket", item.ticket_id)
