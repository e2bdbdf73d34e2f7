"""Feedback to product: routing a conversation with one key, and the page of digests."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from experts.directory import finding, tree
from experts.feedback import fates, routing
from experts.models import Feedback, FeedbackDigest, Topic
from mentions.models import Ticket
from mentions.notifications import sharing
from mentions.people import access, audience
from mentions.text.rendering import excerpt
from mentions.tickets.transitions import OutcomeRefused
from mentions.views.ticket.acting import back_to, number_of

SUMMARY = 120
SHOWN = 30
"""Digests."""
READ = 20
may_route = permission_required("experts.add_feedback", raise_exception=True)
may_see = permission_required("experts.view_feedback", raise_exception=True)
may_change = permission_required("experts.change_feedback", raise_exception=True)


@require_http_methods(["GET", "POST"])
@login_required
@may_route
def route(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Takes `topic`, `text`, `summary` and the page's `key`, so that a double click routes once."""
    ticket = access.visible_tickets(request.user).select_related("channel__connection", "requester")
    found = ticket.filter(pk=ticket_id).first()
    if found is None:
        raise Http404(ticket_id)
    form = {"topic": "", "text": "", "summary": "", "key": str(uuid4()), "problem": ""}
    if request.method == "POST":
        form |= {name: request.POST.get(name, "") for name in ("topic", "text", "summary", "key")}
        if _route(request, found, form):
            return back_to(request, found.pk, desk_now())
    else:
        form |= _proposal(found)
    context = {"ticket": found, "topics": _topics(), "circle": audience.circle_of([found]), **form}
    return render(request, "experts/feedback_route.html", context, status=422 if form["problem"] else 200)


def _route(request: HttpRequest, ticket: Ticket, form: dict[str, str]) -> bool:
    """Route the conversation; returns whether it was routed. If not, the form says why."""
    topic = Topic.objects.filter(pk=number_of(form["topic"]) or 0).first()
    try:
        key = UUID(form["key"])
        if topic is None:
            raise OutcomeRefused(_("Choose a topic."))
        text, summary = form["text"], form["summary"]
        routing.route(ticket.pk, topic, request.user, key=key, text=text, summary=summary, now=desk_now())
    except OutcomeRefused as refused:
        form["problem"] = str(refused)
    except ValueError:
        form |= {"key": str(uuid4()), "problem": _("The page was incomplete. Check the text and send it again.")}
    else:
        messages.success(request, _("Routed to %(topic)s.") % {"topic": topic})
        return True
    return False


def _proposal(ticket: Ticket) -> dict[str, str]:
    """Suggested topic and texts; a restricted conversation prefills nothing."""
    said = list(ticket.messages.filter(direction="in").order_by("posted_at").values_list("subject", "text")[:READ])
    words = " ".join(f"{subject} {text}" for subject, text in said)
    known = [finding.KnownTopic(t.pk, t.name, tuple(t.keywords)) for t in Topic.objects.exclude(keywords=[])]
    topics = finding.topics_in(words, known, most=1)
    is_open = not audience.circle_of([ticket]).channels
    summary = excerpt(said[0][1] or ticket.subject, SUMMARY) if said and is_open else ""
    topic = str(topics[0].pk) if topics else ""
    return {"topic": topic, "text": sharing.words_for(ticket), "summary": summary}


def _topics() -> list[tuple[str, str, str]]:
    """(id, indented name, room) of every topic, in the order of the tree."""
    topics = tree.load()
    branches = ((branch.topic, "\u00a0\u00a0" * branch.depth) for branch in tree.in_order(topics.values()))
    return [(str(topic.pk), indent + topic.name, tree.channel_of(topic.pk, topics)) for topic, indent in branches]


@require_GET
@login_required
@may_see
def digests(request: HttpRequest) -> HttpResponse:
    """Feedback for the next digest, then past digests, newest first. Filters: `topic` (slug) and `state`."""
    mine = access.seen_by(request.user, Feedback).select_related("topic", "ticket__channel__connection", "routed_by")
    topic = Topic.objects.filter(slug=request.GET.get("topic", "").replace("\0", "")).first()
    state = request.GET.get("state", "")
    narrowed = mine.filter(topic=topic) if topic else mine
    counted = narrowed.order_by().aggregate(**{s: Count("pk", filter=Q(state=s)) for s in Feedback.State.values})
    if state in Feedback.State.values:
        narrowed = narrowed.filter(state=state)
    shown = narrowed.order_by("-routed_at", "-pk")
    found = access.seen_by(request.user, FeedbackDigest).filter(pk__in=narrowed.exclude(digest=None).values("digest"))
    listed = found.select_related("topic", "outbound").prefetch_related(Prefetch("feedback", shown, "shown"))
    context = {
        "waiting": shown.filter(digest=None)[:200],
        "digests": listed.order_by("-due_on", "topic__name")[:SHOWN],
        "topic": topic,
        "state": state,
        "states": [(value, label, counted[value]) for value, label in Feedback.State.choices],
        "topics": Topic.objects.filter(feedback__in=mine.order_by()).distinct(),
        "may_change": request.user.has_perm("experts.change_feedback"),
        "here": request.get_full_path(),
    }
    return render(request, "experts/feedback.html", context)


@require_POST
@login_required
@may_change
def settle(request: HttpRequest, feedback_id: int) -> HttpResponse:
    """`state`: the outcome, or open again; `take_back`: it was routed by mistake."""
    found = get_object_or_404(access.seen_by(request.user, Feedback), pk=feedback_id)
    try:
        if request.POST.get("take_back"):
            routing.take_back(found.pk, desk_now())
            messages.success(request, _("Taken back."))
        else:
            _settle(request, found)
    except OutcomeRefused as refused:
        messages.error(request, str(refused))
    return redirect(_address(request, found))


def _settle(request: HttpRequest, found: Feedback) -> None:
    state = request.POST.get("state", "")
    if state not in Feedback.State.values:
        raise OutcomeRefused(_("Nothing was changed. Reload the page."))
    who: Any = request.user
    if fates.settle(found.pk, state, who.get_full_name() or who.get_username(), desk_now()):
        words = {"number": found.ticket_id, "state": Feedback.State(state).label}
        messages.success(request, _("#%(number)d: %(state)s.") % words)


def _address(request: HttpRequest, found: Feedback) -> str:
    topic = f"?topic={found.topic.slug}" if request.POST.get("topic") else ""
    return reverse("experts:feedback") + topic
