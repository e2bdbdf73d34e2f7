"""The *Urgent* panel of a ticket: mark it, take it, see who has seen it and where it was posted."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels.audience import seen_by
from mentions.models import Ticket
from mentions.notifications import sharing
from mentions.people import access, audience
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel
from team.models import UrgentCall
from team.urgent import calls


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> dict[str, Any] | None:
    """Its newest call."""
    call = (
        seen_by(request.user, UrgentCall).filter(ticket=ticket).select_related("taken_by", "asked_by", "rule").first()
    )
    if call is None:
        return blank(request, ticket)
    people = list(call.people.select_related("user"))
    return {
        "call": call,
        "is_running": call.is_running,
        "may_ask": _is_open(ticket) and not call.is_running,
        "is_mine": call.is_running and call.taken_by_id == request.user.pk,
        "seen": [each.user for each in people if each.seen_at],
        "called": [each.user for each in people if each.called_at],
        "has_seen": any(each.seen_at and each.user_id == request.user.pk for each in people),
        "posts": list(call.posts.select_related("outbound", "person")),
        "rooms": _rooms(ticket, call) if call.is_running else [],
        "rapid": settings.RAPID_RESPONSE_SLACK_CHANNEL if call.is_running else "",
    }


def blank(_request: HttpRequest, ticket: Ticket) -> dict[str, Any] | None:
    """A ticket that never was urgent: how to mark it, or nothing if it is done."""
    return {"call": None, "is_running": False, "may_ask": True} if _is_open(ticket) else None


def _is_open(ticket: Ticket) -> bool:
    return ticket.status not in calls.ENDED and not ticket.merged_into_id


def _rooms(ticket: Ticket, call: UrgentCall) -> list[str]:
    """Further Slack channels to choose from; none for a restricted ticket."""
    if audience.circle_of([ticket]).channels:
        return []
    used = set(call.posts.values_list("slack_channel", flat=True))
    known = [*sharing.channels_of(ticket), settings.RAPID_RESPONSE_SLACK_CHANNEL]
    return [room for room in dict.fromkeys(known) if room and room not in used]


URGENT = Panel(
    "urgent",
    _("Urgent"),
    "team/urgent_panel.html",
    context,
    position=5,
    permission=access.PLAY,
    rows="EXISTS (SELECT 1 FROM team_urgentcall WHERE ticket_id = %(ticket)s)",
    blank=blank,
)
