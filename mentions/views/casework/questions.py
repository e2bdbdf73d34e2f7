"""The *Asked in Slack* panel of a ticket: the question that it waits for, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mentions.models import Question, Ticket
from mentions.people.access import seen_by
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel

SHOWN = 3


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    """None if nothing was asked."""
    asked = seen_by(request.user, Question).filter(ticket=ticket).select_related("asked_by")[:SHOWN]
    questions = list(asked)
    return {"questions": questions} if questions else None


QUESTIONS = Panel(
    "questions",
    _("Asked in Slack"),
    "mentions/casework/questions.html",
    context,
    position=35,
    rows="EXISTS (SELECT 1 FROM mentions_question WHERE ticket_id = %(ticket)s)",
)
