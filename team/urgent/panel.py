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
    """One statement without a call, five with. None on a ticket that is done and never was urgent."""
    call = (
        seen_by(request.user, UrgentCall).filter(ticket=ticket).select_related("taken_by", "asked_by", "rule").first()
    )
    is_open = ticket.status not in calls.ENDED and not ticket.merged_into_id
    if call is None and not is_open:
        return None
    running = call is not None and call.is_running
    people = list(call.people.select_related("user")) if call is not None else []
    return {
        "call": call,
        "is_running": running,
        "may_ask": is_open and not running,
        "is_mine": running and call is not None and call.taken_by_id == request.user.pk,
        "seen": [each.user for each in people if each.seen_at],
        "called": [each.user for each in people if each.called_at],
        "has_seen": any(each.seen_at and each.user_id == request.user.pk for each in people),
        "posts": list(call.posts.select_related("outbound", "person")) if call is not None else [],
        "rooms": _rooms(ticket, call) if running else [],
        "rapid": settings.RAPID_RESPONSE_SLACK_CHANNEL if running else "",
    }


def _rooms(ticket: Ticket, call: UrgentCall | None) -> list[str]:
    """Further Slack channels to choose from; none for a restricted ticket."""
    if call is None or audience.circle_of([ticket]).channels:
        return []
    used = set(call.posts.values_list("slack_channel", flat=True))
    known = [*sharing.channels_of(ticket), settings.RAPID_RESPONSE_SLACK_CHANNEL]
    return [room for room in dict.fromkeys(known) if room and room not in used]


URGENT = Panel("urgent", _("Urgent"), "team/urgent_panel.html", context, position=5, permission=access.PLAY)
