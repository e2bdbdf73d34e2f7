"""What stands beside a ticket: who was asked, who could be."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from experts import finding
from experts.models import Outreach
from mentions.models import Message, Ticket
from mentions.panels import Panel


def context(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """At most six queries, whatever the ticket holds."""
    outreaches = list(
        ticket.outreaches.select_related("expert__person", "topic", "outbound").order_by("-asked_at")[:10]
    )
    for outreach in outreaches:
        outreach.is_running = outreach.state in Outreach.RUNNING
    said = ticket.messages.filter(direction=Message.Direction.INBOUND).values_list("subject", "text")[:20]
    words = " ".join(f"{subject} {text}" for subject, text in said)
    held = ticket.claimed_by_id == request.user.pk
    return {
        "outreaches": outreaches,
        "suggestions": finding.suggestions(words, timezone.now().date(), most=2) if not outreaches else [],
        "may_ask": request.user.has_perm("experts.add_outreach"),
        "token": ticket.claim_token if held else "",
    }


EXPERTS = Panel("experts", _("Experts"), "experts/panel.html", context, position=40, permission="experts.view_expert")
