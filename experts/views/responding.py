"""The expert's page behind the signed link of a request."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from channels.clocks import desk_now
from channels.registry.lookup import adapter_for
from experts.models import Outreach
from experts.outreach import outreach, responding
from mentions.people import access, audience
from mentions.tickets.transitions import OutcomeRefused


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
            responding.respond(found.pk, _state(request), request.POST.get("words", ""), now=desk_now())
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
        return Outreach.objects.select_related(*related).get(key=outreach.key_in(signed))
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
