"""*I'll take it* for a workspace without buttons: the page behind the signed link of a shared ticket."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from channels.clocks import desk_now
from channels.registry.finding_adapters import adapter_for
from experts.community import sharing, taking
from experts.models import CommunityShare
from experts.outreach import outreach
from mentions.models import Message
from mentions.people import audience

MAX_NAME = 120


@require_http_methods(["GET", "POST"])
@never_cache
def take(request: HttpRequest, signed: str) -> HttpResponse:
    """Needs no login: everything on it was posted in Slack. `name`: who takes it. After the share has ended, or once
    the ticket is restricted, it shows nothing of the conversation."""
    found = _share_of(signed)
    if found is None:
        return render(request, "experts/respond_gone.html", status=404)
    if found.state not in CommunityShare.RUNNING or audience.circle_of([found.ticket]).channels:
        return render(request, "experts/take_ended.html", {"shared": found})
    problem = ""
    if request.method == "POST":
        name = request.POST.get("name", "").replace("\0", "").strip()[:MAX_NAME]
        if name:
            taking.take(found.key, person=None, slack_id="", name=name, now=desk_now())
            return redirect(request.path)
        problem = _("Enter your name, so that the others know.")
    inbound = found.ticket.messages.filter(direction=Message.Direction.INBOUND, is_deleted=False)
    context = {
        "shared": found,
        "link": outreach.link_of(found.ticket),
        "message": inbound.select_related("author").order_by("-posted_at", "-pk").first(),
        "guidance": found.guidance.splitlines(),
        "answering": adapter_for(found.ticket.channel.connection.platform).answering,
        "training_url": settings.TRAINING_URL,
        "problem": problem,
    }
    return render(request, "experts/take.html", context, status=422 if problem else 200)


def _share_of(signed: str) -> CommunityShare | None:
    try:
        return CommunityShare.objects.select_related("ticket__channel__connection", "taken_by").get(
            key=sharing.key_in(signed)
        )
    except (signing.BadSignature, ValueError, CommunityShare.DoesNotExist):
        return None
