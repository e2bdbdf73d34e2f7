"""Asking an expert: a panel on the ticket's page, opened by a key; without JavaScript a separate page."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from channels.clocks import desk_now
from channels.registry.finding_adapters import adapter_for
from experts.asking import interim, offers
from experts.directory.forms import AskForm
from experts.models import Expert, Outreach, Topic
from experts.outreach import outreach
from experts.slack_text import pinging
from mentions.models import Message, Ticket
from mentions.people import access, audience
from mentions.queue.claims import AlreadyClaimed, ClaimLost
from mentions.tickets.transitions import OutcomeRefused
from mentions.views import playing
from mentions.views.ticket.acting import number_of

may_ask = permission_required("experts.add_outreach", raise_exception=True)


@require_http_methods(["GET", "POST"])
@login_required
@may_ask
@never_cache
def ask(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """GET: whom to ask, with the form filled in for `expert=` or `topic=`, else for the best suggestion; `q=` finds by
    name. `X-Fragment: 1` asks for the panel, `form` for the form alone. POST: ask."""
    ticket = _ticket(request, ticket_id)
    now = desk_now()
    if request.method == "POST":
        return _ask(request, ticket, now)
    chosen = _chosen(request.GET.get("expert"), request.GET.get("topic"))
    context = _panel(request, ticket, now)
    context |= _form_for(request, ticket, chosen or _first(context["offers"]), context["offers"])
    part = "experts/_ask_form.html" if request.headers.get("X-Fragment") == "form" else "experts/_ask.html"
    return render(request, part if _is_fragment(request) else "experts/ask.html", context)


@require_GET
@login_required
@may_ask
def who(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """The panel's options for `q`; without it, the suggestions."""
    ticket = _ticket(request, ticket_id)
    context = {**_panel(request, ticket, desk_now()), "is_fragment": True}
    return render(request, "experts/_ask_options.html", context)


@require_GET
@login_required
@may_ask
@never_cache
def asked(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """After asking: what happens next, and the interim reply. `play`: continue with the queue; `seen`: the newest
    message
    that the advocate has read."""
    found = get_object_or_404(_visible(request), pk=outreach_id)
    is_playing = bool(request.GET.get("play"))
    context = {
        "outreach": found,
        "ticket": found.ticket,
        "is_fragment": _is_fragment(request),
        "interim": interim.proposal(found, request.user, number_of(request.GET.get("seen"))),
        "is_playing": is_playing,
        "played": request.session.get(playing.PLAYED) or "",
        "onward": playing.onward_address(request) if is_playing else reverse("mentions:ticket", args=[found.ticket_id]),
    }
    return render(request, "experts/_asked.html" if _is_fragment(request) else "experts/asked.html", context)


def _visible(request: HttpRequest) -> Any:
    related = ("ticket__channel__connection", "expert__person", "topic", "asked_by")
    return access.seen_by(request.user, Outreach).select_related(*related)


def _ticket(request: HttpRequest, ticket_id: int) -> Ticket:
    visible = access.visible_tickets(request.user).select_related("channel__connection")
    found: Ticket = get_object_or_404(visible, pk=ticket_id)
    return found


def _is_fragment(request: HttpRequest) -> bool:
    return bool(request.headers.get("X-Fragment"))


def _chosen(expert_id: str | None, topic_id: str | None) -> Expert | Topic | None:
    if expert := number_of(expert_id):
        return get_object_or_404(Expert.objects.select_related("person"), pk=expert)
    if topic := number_of(topic_id):
        return get_object_or_404(Topic, pk=topic)
    return None


def _first(offered: list[offers.Offer]) -> Expert | Topic | None:
    return next((each.asked for each in offered if each.before is None), None)


def _panel(request: HttpRequest, ticket: Ticket, now: datetime) -> dict[str, Any]:
    """What the panel shows around the form."""
    running = outreach.running_on(ticket)
    typed = request.GET.get("q", "").strip()
    offered = offers.matching(typed, now.date(), running) if typed else offers.suggested(ticket, _words(ticket), now)
    return {
        "ticket": ticket,
        "circle": audience.circle_of([ticket]),
        "running": running,
        "typed": typed,
        "offers": offered,
        "token": request.GET.get("token") or request.POST.get("token", ""),
        "play": request.GET.get("play") or request.POST.get("play", ""),
        "now": now,
        "is_fragment": _is_fragment(request),
    }


def _words(ticket: Ticket) -> str:
    said = ticket.messages.filter(direction=Message.Direction.INBOUND).values_list("subject", "text")
    return " ".join(f"{subject} {text}" for subject, text in said)


def _form_for(
    request: HttpRequest, ticket: Ticket, chosen: Expert | Topic | None, offered: list[offers.Offer]
) -> dict[str, Any]:
    """The form, filled in for somebody; nothing without anybody."""
    if chosen is None:
        return {"chosen": None, "form": None}
    return _about(chosen) | {"form": AskForm(initial=_initial(request, ticket, offers.of(chosen, offered)))}


def _about(chosen: Expert | Topic) -> dict[str, Any]:
    kind = "expert" if isinstance(chosen, Expert) else "topic"
    return {"chosen": chosen, "chosen_kind": kind, "address": pinging.address(chosen)}


def _initial(request: HttpRequest, ticket: Ticket, offer: offers.Offer) -> dict[str, Any]:
    key = uuid.uuid4()
    label = adapter_for(ticket.channel.connection.platform).label
    return {
        "key": key,
        "slack_channel": offer.slack_channel or "#questions",
        "text": outreach.proposal(ticket, offer.asked, key, request.user, label, offer.topic),
        "slack_link": "",
        "again": "",
        "hours": 24,
    } | _suggested_by(request.GET.get("after"), ticket)


def _suggested_by(outreach_id: str | None, ticket: Ticket) -> dict[str, Any]:
    """The redirect that named this expert."""
    found = ticket.outreaches.filter(pk=number_of(outreach_id) or 0).first()
    return {"after": found.pk if found else ""}


def _ask(request: HttpRequest, ticket: Ticket, now: datetime) -> HttpResponse:
    chosen = _chosen(request.POST.get("expert"), request.POST.get("topic"))
    if chosen is None:
        raise Http404("nobody was chosen")
    form = AskForm(request.POST)
    token = request.POST.get("token", "")
    if form.is_valid():
        try:
            after = ticket.outreaches.filter(pk=form.cleaned_data["after"] or 0).first()
            wanted = form.request(now)
            made = outreach.ask(ticket.pk, request.user, token or None, asked=chosen, now=now, after=after, **wanted)
        except (OutcomeRefused, ClaimLost, AlreadyClaimed) as error:
            form.add_error(None, str(error))
        else:
            return _asked(request, made, is_playing=bool(token or request.POST.get("play")))
    context = _panel(request, ticket, now) | _about(chosen) | {"form": form}
    part = "experts/_ask_form.html" if _is_fragment(request) else "experts/ask.html"
    return render(request, part, context, status=422)


def _asked(request: HttpRequest, made: Outreach, *, is_playing: bool) -> HttpResponse:
    if not _is_fragment(request):
        messages.success(request, _("Asked %(who)s. The ticket is parked.") % {"who": made.asked})
    query = {"play": "1"} if is_playing else {}
    if seen := number_of(request.POST.get("seen")):
        query["seen"] = str(seen)
    return redirect(f"{reverse('experts:asked', args=[made.pk])}?{urlencode(query)}")
