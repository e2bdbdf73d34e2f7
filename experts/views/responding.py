"""The expert's page behind the signed link of a request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from channels.clocks import desk_now
from channels.registry.finding_adapters import adapter_for
from experts.asking import shared_draft
from experts.models import Outreach
from experts.outreach import outreach, responding
from mentions.people import access, audience
from mentions.tickets.transitions import OutcomeRefused
from mentions.views.ticket.acting import number_of

SAVE, REVIEW = "save", "review"
"""Buttons that keep the draft and leave the request running."""
SHOWN = 20
"""Versions of the draft that the page lists."""


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
            _carry_out(request, found)
            return redirect(request.path)
        except (OutcomeRefused, shared_draft.Newer) as error:
            said = str(error)
        found.refresh_from_db()
        if found.state not in Outreach.RUNNING:
            return _ended(request, found)
    context = _context(found) | {"said": said}
    if said:
        context["text"] = _draft(request)
    return render(request, "experts/respond.html", context, status=422 if said else 200)


def _context(found: Outreach) -> dict[str, Any]:
    adapter = adapter_for(found.ticket.channel.connection.platform)
    versions = list(found.versions.all()[:SHOWN])
    messages = found.ticket.messages.exclude(is_deleted=True).select_related("author", "channel__connection")
    return {
        "outreach": found,
        "platform": adapter.label,
        "answering": adapter.answering,
        "training_url": settings.TRAINING_URL,
        "link": outreach.link_of(found.ticket),
        "mentions": messages.order_by("posted_at", "pk")[:20],
        "versions": versions,
        "text": versions[0].text if versions else found.draft,
    }


def _carry_out(request: HttpRequest, found: Outreach) -> None:
    """Carry out a button. Raises OutcomeRefused, Newer."""
    state, now = _state(request), desk_now()
    name = request.POST.get("name", "")[:120]
    if state in (SAVE, REVIEW, Outreach.State.DRAFT):
        base = number_of(request.POST.get("base")) or 0
        saved = shared_draft.save(found.pk, _draft(request), base=base, name=name, now=now, for_review=state == REVIEW)
        if state == Outreach.State.DRAFT:
            responding.respond(found.pk, state, saved.text, now=now, by=saved.name)
        return
    responding.respond(found.pk, state, request.POST.get("words", ""), now=now)


def _draft(request: HttpRequest) -> str:
    return request.POST.get("draft", request.POST.get("words", ""))


def _request_of(signed: str) -> Outreach | None:
    """The link's outreach; None if the link is forged or expired."""
    related = ("ticket__channel__connection", "expert__person", "topic", "asked_by")
    try:
        return Outreach.objects.select_related(*related).get(key=outreach.key_in(signed))
    except (signing.BadSignature, ValueError, Outreach.DoesNotExist):
        return None


def _ended(request: HttpRequest, found: Outreach) -> HttpResponse:
    """Shows any typed text again: it was not saved."""
    words = "\n\n".join(filter(None, (request.POST.get(name, "").strip() for name in ("words", "draft"))))
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
    if state not in ("acknowledged", "redirected", "declined", "draft", SAVE, REVIEW):
        raise Http404(state)
    return state
