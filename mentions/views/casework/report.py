"""A security report next to its ticket: its state, email as another way to answer, the checklist before publication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.models import Disclosure, Ticket
from mentions.people import access
from mentions.security_reports import disclosures
from mentions.tickets import thread_states
from mentions.tickets.conversation import Thread
from mentions.views import playing
from mentions.views.panels import Panel
from mentions.views.ticket.acting import flash_refusals, may_play, token_of, view_of, visible_or_404


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    """None if an answer alone completes the ticket: no statement."""
    try:
        adapter = adapter_for(ticket.channel.connection.platform)
    except UnknownPlatform:
        return None
    if not adapter.ends_there:
        return None
    is_mine = ticket.claimed_by_id == request.user.pk
    return {
        "platform": adapter.label,
        "state": thread_states.of(ticket),
        "mail": _mail(adapter.mail_address(ticket.requester.handle), ticket.subject),
        "disclosure": access.seen_by(request.user, Disclosure).filter(ticket=ticket).select_related().first(),
        "audiences": Disclosure.Audience.choices,
        "may_check": request.user.has_perm(access.PLAY),
        "token": ticket.claim_token if is_mine else "",
    }


def _mail(address: str, subject: str) -> Mapping[str, str] | None:
    return {"address": address, "link": f"mailto:{quote(address)}?subject={quote(subject)}"} if address else None


@require_POST
@login_required
@flash_refusals
def checklist(request: HttpRequest, number: int) -> HttpResponse:
    """`nothing_sensitive`, `fix`: the merge request's link, `audience` of the issue."""
    may_play(request)
    visible_or_404(request, number)
    found = disclosures.check(
        number,
        request.user,
        token_of(request),
        has_nothing_sensitive=bool(request.POST.get("nothing_sensitive")),
        fix_url=request.POST.get("fix", ""),
        audience=request.POST.get("audience", ""),
        now=desk_now(),
    )
    words = _("Ready for publication. Accept the request on the platform.") if found.is_checked else _("Saved.")
    messages.success(request, words)
    return redirect(playing.address(number, view_of(request)))


REPORT = Panel("report", gettext_lazy("Report"), "mentions/casework/report.html", context, position=20)
