"""The ticket's experts panel: outreaches so far, and suggested topics."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from experts.directory import finding
from experts.models import Outreach
from mentions.db import prepared
from mentions.models import Ticket
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel

READ = 20
"""Messages to search for keywords."""


_ASKED = """
SELECT EXISTS (SELECT 1 FROM experts_outreach o WHERE o.ticket_id = %(ticket)s),
       (SELECT jsonb_agg(jsonb_build_array(t.id, t.name, t.keywords) ORDER BY t.name, t.id)
        FROM experts_topic t WHERE t.keywords <> '[]')
"""


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> dict[str, Any]:
    """The panel's context. One query without outreaches, two with."""
    was_asked, topics = prepared.run(_ASKED, {"ticket": ticket.pk})[0]
    outreaches = _outreaches(ticket) if was_asked else []
    held = ticket.claimed_by_id == request.user.pk
    return {
        "outreaches": outreaches,
        "topics": [] if outreaches else finding.topics_in(_words(thread), finding.known(topics or "[]"), most=2),
        "may_ask": request.user.has_perm("experts.add_outreach"),
        "token": ticket.claim_token if held else "",
    }


def _outreaches(ticket: Ticket) -> list[Outreach]:
    found = list(ticket.outreaches.select_related("expert__person", "topic", "outbound").order_by("-asked_at")[:10])
    for outreach in found:
        outreach.is_running = outreach.state in Outreach.RUNNING  # type: ignore[attr-defined]
    return found


def _words(thread: Thread) -> str:
    said = [entry.item for entry in thread.entries if entry.kind == "message" and entry.item.direction == "in"]
    return " ".join(f"{message.subject} {message.text}" for message in said[:READ])


EXPERTS = Panel("experts", _("Experts"), "experts/panel.html", context, position=40, permission="experts.view_expert")
