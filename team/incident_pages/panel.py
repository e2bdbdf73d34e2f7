"""The ticket's panel *Incident*: one key adds the ticket to a running incident."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels.audience import seen_by
from mentions.models import Ticket
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel
from team.models import Incident, IncidentMention

MOST = 5


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> dict[str, Any] | None:
    """None if no incident is running and the ticket belongs to none."""
    own = seen_by(request.user, IncidentMention).filter(incident=OuterRef("pk"), ticket=ticket)
    rows = Incident.objects.annotate(
        mention=Subquery(own.filter(is_part=True).values("pk")[:1]), mention_why=Subquery(own.values("why")[:1])
    )
    found = list(rows.filter(~Q(state=Incident.State.CLOSED) | Q(mention__isnull=False))[:MOST])
    if not found:
        return None
    joined = [each for each in found if each.mention]
    may_change = request.user.has_perm("team.change_incident") and not ticket.merged_into_id
    others = [each for each in found if not each.mention] if may_change and not _is_taken(joined) else []
    return {"mine": joined, "others": others, "may_change": may_change} if joined or others else None


def _is_taken(joined: list[Any]) -> bool:
    return any(each.state != Incident.State.CLOSED for each in joined)


INCIDENT = Panel(
    "incident",
    _("Incident"),
    "team/incident_panel.html",
    context,
    position=8,
    permission="team.view_incident",
    rows="""EXISTS (SELECT 1 FROM team_incident WHERE state <> 'closed')
        OR EXISTS (SELECT 1 FROM team_incidentmention WHERE ticket_id = %(ticket)s)""",
)
