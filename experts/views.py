"""The directory with running outreaches, the form to ask an expert, and the expert's response page."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from channels.registry.lookup import adapter_for
from experts.directory import finding
from experts.directory.forms import AskForm
from experts.models import Expert, Outreach, Topic
from experts.outreach import outreach
from mentions.models import Message, Ticket
from mentions.people import access, audience
from mentions.queue.claims import AlreadyClaimed, ClaimLost
from mentions.tickets.transitions import OutcomeRefused
from mentions.views import playing
from mentions.views.ticket.acting import back_to, number_of

may_see = permission_required("experts.view_expert", raise_exception=True)
may_ask = permission_required("experts.add_outreach", raise_exception=True)


@require_GET
@login_required
@may_see
def directory(request: HttpRequest) -> HttpResponse:
    """Experts and topics, absences, and running outreaches."""
    now = desk_now()
    context = {
        "experts": Expert.objects.filter(is_active=True)
        .select_related("person")
        .prefetch_related("topics", "person__accounts"),
        "topics": Topic.objects.select_related("parent"),
        "running": access.seen_by(request.user, Outreach)
        .filter(state__in=Outreach.RUNNING)
        .select_related("expert__person", "topic", "ticket__channel", "asked_by", "outbound")
        .order_by("asked_at"),
        "today": now.date(),
        "now": now,
    }
    return render(request, "experts/directory.html", context)


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
        "hours": 24,
    }


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
            outreach.ask(ticket.pk, request.user, token or None, asked=chosen, now=now, **form.request(now))
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
        outreach.respond(found.pk, state, request.POST.get("words", ""), now=desk_now(), actor=request.user)
    except OutcomeRefused as error:
        messages.error(request, str(error))
    return back_to(request, found.ticket_id, desk_now())


@require_http_methods(["GET", "POST"])
@never_cache
def respond(request: HttpRequest, signed: str) -> HttpResponse:
    """The expert's page: the mention, how to answer, and one click to confirm. Needs no login, unless the ticket is
    restricted. After the outreach ends, it shows nothing of the conversation."""
    found = _request_of(signed)
    if found is None:
        return render(request, "experts/respond_gone.html", status=404)
    if found.state not in Outreach.RUNNING:
        return _ended(request, found)
    if audience.circle_of([found.ticket]).channels and not access.seen_by(request.user, Outreach).filter(pk=found.pk):
        return _restricted(request)
    said = ""
    if request.method == "POST":
        try:
            outreach.respond(found.pk, _state(request), request.POST.get("words", ""), now=desk_now())
            return redirect(request.path)
        except OutcomeRefused as error:
            said = str(error)
        found.refresh_from_db()
        if found.state not in Outreach.RUNNING:
            return _ended(request, found)
    context = {
        "outreach": found,
        "platform": adapter_for(found.ticket.channel.connection.platform).label,
        "link": outreach.link_of(found.ticket),
        "mentions": found.ticket.messages.exclude(is_deleted=True)
        .select_related("author", "channel__connection")
        .order_by("posted_at", "pk")[:20],
        "said": said,
    }
    return render(request, "experts/respond.html", context)


def _request_of(signed: str) -> Outreach | None:
    """The link's outreach; None if the link is forged or expired."""
    related = ("ticket__channel__connection", "expert__person", "topic", "asked_by")
    try:
        return Outreach.objects.select_related(*related).get(outbound__key=outreach.key_in(signed))
    except (signing.BadSignature, ValueError, Outreach.DoesNotExist):
        return None


def _ended(request: HttpRequest, found: Outreach) -> HttpResponse:
    """Shows any typed text again: it was not saved."""
    words = request.POST.get("words", "").strip()
    context = {"outreach": found, "words": words}
    return render(request, "experts/respond_ended.html", context, status=409 if request.method == "POST" else 200)


def _restricted(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    raise PermissionDenied(
        _("Your roles do not include this conversation. Ask in the Slack thread where you found it.")
    )


def _state(request: HttpRequest) -> str:
    state = request.POST.get("state", "")
    if state not in ("acknowledged", "redirected", "declined", "draft"):
        raise Http404(state)
    return state
