"""Asking an expert about a ticket, and what the advocate says about a request."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from channels.clocks import desk_now
from channels.registry.lookup import adapter_for
from experts.directory import finding
from experts.directory.forms import AskForm
from experts.models import Expert, Outreach, PossibleAnswer, Topic
from experts.outreach import outreach, responding, talking, verdicts
from mentions.models import Message, Ticket
from mentions.people import access, audience
from mentions.queue.claims import AlreadyClaimed, ClaimLost
from mentions.tickets.transitions import OutcomeRefused
from mentions.views import playing
from mentions.views.ticket.acting import back_to, number_of

may_ask = permission_required("experts.add_outreach", raise_exception=True)


@require_http_methods(["GET", "POST"])
@login_required
@may_ask
def ask(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """GET: choose whom to ask; `expert=` or `topic=` prefills the text. POST: ask."""
    ticket = get_object_or_404(access.visible_tickets(request.user).select_related("channel__connection"), pk=ticket_id)
    now = desk_now()
    if request.method == "POST":
        return _ask(request, ticket, now)
    chosen = _chosen(request.GET.get("expert"), request.GET.get("topic"))
    form = AskForm(initial=_initial(request, ticket, chosen)) if chosen else None
    return render(request, "experts/ask.html", _ask_context(ticket, chosen, form, request.GET.get("token", ""), now))


def _chosen(expert_id: str | None, topic_id: str | None) -> Expert | Topic | None:
    if expert := number_of(expert_id):
        return get_object_or_404(Expert.objects.select_related("person"), pk=expert)
    if topic := number_of(topic_id):
        return get_object_or_404(Topic, pk=topic)
    return None


def _initial(request: HttpRequest, ticket: Ticket, chosen: Expert | Topic) -> dict[str, Any]:
    key = uuid.uuid4()
    label = adapter_for(ticket.channel.connection.platform).label
    topic = chosen if isinstance(chosen, Topic) else chosen.topics.exclude(slack_channel="").first()
    return {
        "key": key,
        "slack_channel": (topic.slack_channel if topic else "") or "#questions",
        "text": outreach.proposal(ticket, chosen, key, request.user, label),
        "slack_link": "",
        "again": "",
        "hours": 24,
    } | _suggested_by(request.GET.get("after"), ticket)


def _suggested_by(outreach_id: str | None, ticket: Ticket) -> dict[str, Any]:
    """The redirect that named this expert."""
    found = ticket.outreaches.filter(pk=number_of(outreach_id) or 0).first()
    return {"after": found.pk if found else ""}


def _ask_context(
    ticket: Ticket, chosen: Expert | Topic | None, form: AskForm | None, token: str, now: datetime
) -> dict[str, Any]:
    said = ticket.messages.filter(direction=Message.Direction.INBOUND).values_list("subject", "text")
    words = " ".join(f"{subject} {text}" for subject, text in said)
    return {
        "ticket": ticket,
        "chosen": chosen,
        "circle": audience.circle_of([ticket]),
        "chosen_kind": "expert" if isinstance(chosen, Expert) else "topic",
        "form": form,
        "token": token,
        "suggestions": finding.suggestions(words, now.date()) if not chosen else [],
        "experts": finding.present(now.date()).select_related("person").prefetch_related("topics")
        if not chosen
        else [],
        "teams": Topic.objects.exclude(slack_channel="") if not chosen else [],
    }


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
            outreach.ask(ticket.pk, request.user, token or None, asked=chosen, now=now, after=after, **wanted)
        except (OutcomeRefused, ClaimLost, AlreadyClaimed) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Asked %(who)s. The ticket is parked.") % {"who": chosen})
            return redirect("mentions:ticket", ticket.pk) if not token else redirect(playing.onward_address(request))
    return render(request, "experts/ask.html", _ask_context(ticket, chosen, form, token, now), status=422)


@require_POST
@login_required
@may_ask
def change(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """An advocate records the expert's response."""
    found = get_object_or_404(access.seen_by(request.user, Outreach), pk=outreach_id)
    state = request.POST.get("state", "")
    if state not in ("acknowledged", "redirected", "declined", "no_answer"):
        raise Http404(state)
    try:
        responding.respond(found.pk, state, request.POST.get("words", ""), now=desk_now(), actor=request.user)
    except OutcomeRefused as error:
        messages.error(request, str(error))
    return back_to(request, found.ticket_id, desk_now())


@require_POST
@login_required
@may_ask
def use_draft(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """Put the expert's draft in this advocate's composer."""
    found = get_object_or_404(access.seen_by(request.user, Outreach).exclude(draft=""), pk=outreach_id)
    responding.put_in_composer(found, request.user, desk_now())
    messages.success(request, _("The draft is in the composer."))
    return back_to(request, found.ticket_id, desk_now())


@require_POST
@login_required
@may_ask
def say(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """Answer the expert in the Slack thread; `key` is the page's. The ticket goes on waiting if it came back for it."""
    found = get_object_or_404(access.seen_by(request.user, Outreach), pk=outreach_id)
    try:
        talking.say(found.pk, request.user, request.POST.get("text", ""), request.POST.get("key", ""), desk_now())
    except OutcomeRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Sent to the Slack thread."))
    return back_to(request, found.ticket_id, desk_now())


@require_POST
@login_required
@may_ask
def decide(request: HttpRequest, possible_id: int) -> HttpResponse:
    """*Was this the answer?* `verdict`: yes or no."""
    found = get_object_or_404(access.seen_by(request.user, PossibleAnswer).select_related("outreach"), pk=possible_id)
    verdict = request.POST.get("verdict", "")
    if verdict not in ("yes", "no"):
        raise Http404(verdict)
    now = desk_now()
    if verdicts.decide(found.pk, request.user, is_answer=verdict == "yes", now=now):
        messages.success(request, _("Thank you, noted.") if verdict == "no" else _("The request is answered."))
    return back_to(request, found.outreach.ticket_id, now)
