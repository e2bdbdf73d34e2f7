"""Somebody's open work: claimed, parked or assigned tickets, drafts, running requests to experts, urgent tickets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from experts.models import Outreach
from mentions.models import Draft, Ticket
from mentions.people import access
from mentions.queue import claims
from team.expertise import touching
from team.models import Expertise, UrgentCall

OPEN = (Ticket.Status.NEW, Ticket.Status.OPEN)
KINDS = {
    "urgent": _("urgent"),
    "claimed": _("in progress"),
    "parked": _("parked"),
    "assigned": _("assigned to you"),
    "draft": _("unsent draft"),
    "outreach": _("expert asked"),
}
"""In the order in which they are shown."""


@dataclass(slots=True)
class Work:
    """One ticket, and why it is theirs (keys of KINDS)."""

    ticket: Ticket
    kinds: list[str] = field(default_factory=list)
    draft: str = ""
    outreaches: list[Outreach] = field(default_factory=list)
    calls: list[UrgentCall] = field(default_factory=list)
    touched: list[Expertise] = field(default_factory=list)
    """Expertises of others; filled in by `with_expertises`."""
    owner: Any = None
    """Owner of one of them, if available to take the ticket over."""
    is_owner_here: bool = False
    """On shift now: the ticket is proposed to them; otherwise only offered."""

    @property
    def labels(self) -> list[str]:
        return [str(words) for kind, words in KINDS.items() if kind in self.kinds]


def of(user: Any, now: datetime) -> list[Work]:
    """All of this person's open work, urgent first, then oldest first; five statements. Excludes tickets that they may
    no longer see: nobody can hand those over, and they return to the queue when their time is up."""
    drafts = dict(
        Draft.objects.filter(user=user, ticket__merged_into=None)
        .exclude(Q(text="") | Q(ticket__status=Ticket.Status.CLOSED))
        .values_list("ticket", "text")
    )
    asked = _by_ticket(
        Outreach.objects.filter(asked_by=user, state__in=Outreach.RUNNING).select_related("expert__person", "topic")
    )
    called = _by_ticket(UrgentCall.objects.filter(taken_by=user, state=UrgentCall.State.TAKEN))
    is_theirs = Q(assignee=user, status__in=OPEN) | Q(claimed_by=user, claim_expires_at__gt=now)
    wanted = is_theirs | Q(pk__in=[*drafts, *asked, *called])
    tickets = access.visible_tickets(user).filter(wanted, merged_into=None).exclude(status=Ticket.Status.CLOSED)
    related = ("channel__connection", "requester", "assignee", "claimed_by")
    found = [
        Work(t, [], drafts.get(t.pk, ""), asked.get(t.pk, []), called.get(t.pk, []))
        for t in tickets.select_related(*related).order_by("queued_at", "pk")
    ]
    for work in found:
        work.kinds = _kinds(work, user, now)
    return sorted((work for work in found if work.kinds), key=lambda work: "urgent" not in work.kinds)


def with_expertises(found: list[Work], user: Any) -> list[Work]:
    """Whose expertise each ticket touches: its owner may be a better choice. Two statements."""
    touched = touching.touched_by([work.ticket for work in found], user)
    for work in found:
        work.touched = touched[work.ticket.pk]
    return found


def _by_ticket(rows: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.ticket_id, []).append(row)
    return found


def _kinds(work: Work, user: Any, now: datetime) -> list[str]:
    ticket = work.ticket
    is_theirs = ticket.assignee_id == user.pk and ticket.status in OPEN
    is_claimed = claims.is_live(ticket, now) and ticket.claimed_by_id == user.pk
    applies = {
        "urgent": bool(work.calls),
        "claimed": is_claimed,
        "parked": is_theirs and bool(ticket.waiting_on),
        "assigned": is_theirs and not ticket.waiting_on and not is_claimed,
        "draft": bool(work.draft),
        "outreach": bool(work.outreaches),
    }
    return [kind for kind, is_so in applies.items() if is_so]
