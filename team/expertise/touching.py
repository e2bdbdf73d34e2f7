"""Finds the expertises that a ticket touches, by its channel or by words in its messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experts.directory.finding import matching_words
from mentions.models import Message, Ticket
from mentions.people import access
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel
from team.models import Expertise

READ = 20
"""Messages whose words are looked at."""
TEXT = 5000


def touched(ticket: Ticket, text: str) -> list[tuple[Expertise, str]]:
    """(expertise, why) in their order. One query."""
    return _among(Expertise.objects.select_related("owner", "next_owner"), ticket, text)


def touched_by(tickets: Sequence[Ticket], user: Any) -> dict[int, list[Expertise]]:
    """Ticket → the expertises that it touches and that this person does not own; two queries."""
    others = list(Expertise.objects.select_related("owner").exclude(owner=None).exclude(owner=user))
    said: dict[int, list[str]] = defaultdict(list)
    if others and tickets:
        inbound = access.seen_by(user, Message).filter(ticket__in=tickets, direction=Message.Direction.INBOUND)
        rows = inbound.order_by("posted_at", "pk").values_list("ticket_id", "subject", Left("text", TEXT))
        for ticket_id, *texts in rows[: READ * len(tickets)]:
            said[ticket_id] += texts
    return {each.pk: [one for one, _why in _among(others, each, " ".join(said[each.pk]))] for each in tickets}


def _among(expertises: Iterable[Expertise], ticket: Ticket, text: str) -> list[tuple[Expertise, str]]:
    found = []
    for each in expertises:
        words = matching_words(each.words, text)
        if ticket.channel.slug in each.channels:
            found.append((each, _("from %(channel)s") % {"channel": ticket.channel.name}))
        elif words:
            found.append((each, ", ".join(words[:3])))
    return found


def owners(ticket: Ticket, text: str) -> dict[int, str]:
    """User id → the expertises of this ticket that they own, in words; for *Who to ask*."""
    found: dict[int, str] = {}
    for each, _why in touched(ticket, text):
        if each.owner is not None and each.owner.is_active:
            found.setdefault(each.owner.pk, _("owns “%(expertise)s”") % {"expertise": each.name})
    return found


def context(_request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    """The panel's context; None if the ticket touches no expertise."""
    inbound = [entry.item for entry in thread.entries if entry.kind == "message" and entry.item.direction == "in"]
    found = touched(ticket, " ".join(f"{message.subject} {message.text}" for message in inbound[:READ]))
    return {"touched": found} if found else None


EXPERTISES = Panel(
    "expertises",
    gettext_lazy("Areas of expertise"),
    "team/expertise_panel.html",
    context,
    position=45,
    permission="team.view_expertise",
    rows="EXISTS (SELECT 1 FROM team_expertise)",
)
