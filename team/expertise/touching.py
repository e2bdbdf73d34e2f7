"""Which expertises a ticket touches: by its channel, or by the words that were said in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experts.directory.finding import matching_words
from mentions.models import Message, Ticket
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel
from team.models import Expertise

READ = 20
"""Messages whose words are looked at."""


def touched(ticket: Ticket, text: str) -> list[tuple[Expertise, str]]:
    """(expertise, why) in their order. One query."""
    found = []
    for each in Expertise.objects.select_related("owner", "next_owner"):
        words = matching_words(each.words, text)
        if ticket.channel.slug in each.channels:
            found.append((each, _("from %(channel)s") % {"channel": ticket.channel.name}))
        elif words:
            found.append((each, ", ".join(words[:3])))
    return found


def owners(ticket: Ticket, text: str) -> dict[int, str]:
    """User id → what they own of this ticket, in words; for *whom to ask*."""
    found: dict[int, str] = {}
    for each, _why in touched(ticket, text):
        if each.owner is not None and each.owner.is_active:
            found.setdefault(each.owner.pk, _("owns “%(expertise)s”") % {"expertise": each.name})
    return found


def owned(tickets: Sequence[Ticket]) -> dict[int, tuple[Any, str]]:
    """Ticket id → who owns the first of the expertises that it touches, and its name. Two queries for all."""
    said: dict[int, list[str]] = {}
    rows = Message.objects.filter(ticket__in=tickets, direction=Message.Direction.INBOUND).order_by("posted_at", "pk")
    for ticket_id, subject, text in rows.values_list("ticket", "subject", "text"):
        said.setdefault(ticket_id, []).append(f"{subject} {text}")
    expertises = list(Expertise.objects.select_related("owner"))
    found = {}
    for ticket in tickets:
        text = " ".join(said.get(ticket.pk, [])[:READ])
        for each in expertises:
            is_touched = ticket.channel.slug in each.channels or matching_words(each.words, text)
            if is_touched and each.owner is not None and each.owner.is_active:
                found.setdefault(ticket.pk, (each.owner, each.name))
    return found


def context(_request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    """Nothing where the ticket touches none."""
    said = [entry.item for entry in thread.entries if entry.kind == "message" and entry.item.direction == "in"]
    found = touched(ticket, " ".join(f"{message.subject} {message.text}" for message in said[:READ]))
    return {"touched": found} if found else None


EXPERTISES = Panel(
    "expertises", gettext_lazy("Expertises"), "team/expertise_panel.html", context, 45, "team.view_expertise"
)
