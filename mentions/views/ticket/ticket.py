"""The ticket page, for everybody who may see it: as in play mode, plus its history and small changes that need no
claim."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from channels.models.connection import Priority
from mentions.models import Ticket
from mentions.people import access, own_side
from mentions.replies import send_guard
from mentions.search import lookups, reusing, similar
from mentions.tickets import history
from mentions.tickets.conversation import thread_of
from mentions.triage import notes, priorities, tagging
from mentions.views import playing
from mentions.views.ticket import delivery_state, ticket_page
from mentions.views.ticket.acting import flash_refusals, number_of, view_of, visible_or_404


@require_GET
@login_required
@never_cache
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    shown = visible_or_404(request, number)
    page = ticket_page.context(request, shown, desk_now())
    return render(request, "mentions/ticket.html", {**page, "history": history.sentences(shown)})


@require_GET
@login_required
def preview(request: HttpRequest, number: int) -> HttpResponse:
    """The conversation alone, as a preview in the list."""
    shown = visible_or_404(request, number)
    return render(request, "mentions/_preview.html", {"ticket": shown, "thread": thread_of(shown)})


@require_GET
@login_required
def news(request: HttpRequest, number: int) -> HttpResponse:
    """`?seen=` the last message id shown: {"count", "words"} of newer messages, and the current states of the ticket's
    replies. 304 while nothing has changed."""
    visible_or_404(request, number)
    try:
        seen = int(request.GET.get("seen", ""))
    except ValueError:
        seen = 2**62
    tag = delivery_state.tag(number, seen)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    newer = send_guard.newer(number, seen)
    words = ""
    if newer:
        words = ngettext(
            "New message from %(name)s. Read it before you send.",
            "%(count)d new messages, the last from %(name)s. Read them before you send.",
            len(newer),
        ) % {"count": len(newer), "name": own_side.of_message(newer[-1])}
    replies = delivery_state.of(number)
    answer = JsonResponse({"count": len(newer), "words": words, "replies": replies})
    answer.headers["ETag"], answer.headers["Cache-Control"] = tag, "private, no-cache"
    return answer


@require_POST
@login_required
@flash_refusals
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Add a note; allowed for anybody who may read the ticket."""
    visible_or_404(request, number)
    text = request.POST.get("text", "")
    try:
        notes.add(number, request.user, text, desk_now())
    except Ticket.DoesNotExist:
        return render(request, "mentions/note_lost.html", {"number": number, "text": text}, status=409)
    messages.success(request, _("Note added."))
    return redirect(playing.address(number, view_of(request)))


@require_POST
@login_required
@flash_refusals
def tags(request: HttpRequest, number: int) -> HttpResponse:
    """`add` (separated by commas or spaces) and `remove` (one name)."""
    access.require(request.user, access.PLAY)
    visible_or_404(request, number)
    words = request.POST.get("add", "").replace(",", " ").split()
    removed = request.POST.getlist("remove")
    tagging.set_tags(number, request.user, add=words, remove=removed, now=desk_now())
    return redirect(playing.address(number, view_of(request)))


@require_POST
@login_required
def priority(request: HttpRequest, number: int) -> HttpResponse:
    access.require(request.user, access.PLAY)
    visible_or_404(request, number)
    wanted = number_of(request.POST.get("priority"))
    if wanted in Priority.values:
        priorities.set_priority(number, request.user, wanted, desk_now())
    return redirect(playing.address(number, view_of(request)))


@require_GET
@login_required
def links(request: HttpRequest, number: int) -> HttpResponse:
    """Solved tickets similar to this one, or to `?q=`, and the lookups; for the side panel, or as a page."""
    shown = visible_or_404(request, number)
    return found(request, shown, request.GET.get("q", "").replace("\0", "").strip()[: lookups.MAX_QUERY])


def found(request: HttpRequest, ticket: Ticket, query: str, problem: str = "") -> HttpResponse:
    """What there is for the query: our own solved tickets and each lookup's results."""
    texts = [query] if query else [m.text for m in ticket.messages.filter(direction="in").only("text")[:3]]
    context = {
        "ticket": ticket,
        "words": query,
        "proposed": query or " ".join(lookups.proposed(ticket)),
        "found": similar.solved_like(ticket.pk, texts, request.user),
        "slots": lookups.slots(ticket, request.user, query, desk_now()),
        "problem": problem,
        "query": query,
    }
    template = "mentions/_links.html" if request.headers.get("HX-Request") else "mentions/links.html"
    response = render(request, template, context)
    response.headers["Vary"] = "Cookie, HX-Request"
    return response


@require_GET
@login_required
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """The first answer given on a ticket, in our own words, for use on ticket `?for=`: {"text", "warning"}. With a
    warning it is inserted only after somebody has read it."""
    old = visible_or_404(request, number)
    visible = access.visible_tickets(request.user).select_related("channel__connection")
    other = visible.filter(pk=number_of(request.GET.get("for")) or 0).first()
    found = reusing.answer_for(old, other)
    return JsonResponse({"text": found.text, "warning": found.warning})
