"""What a parked ticket waits for; `mentions.tickets.parking` does the parking. A new reason is a line in each of the
two tables here and a migration of the choices; its value has at most 12 characters (`Ticket.waiting_on`)."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class WaitingOn(models.TextChoices):
    """Each reason to park with its label; none: the ticket is not parked."""

    NOTHING = "", _("nothing")
    EXPERT = "expert", _("an expert")
    QUESTION = "question", _("the answer to a question")
    MONITOR = "monitor", _("further developments")
    LANGUAGE = "language", _("someone who reads the language")
    LONG_ANSWER = "long_answer", _("a longer answer")
    OWN_ANSWER = "own_answer", _("our answer to appear")
    REPORT = "report", _("the report to be closed")
    ISSUE = "issue", _("an issue to be closed")


DEFAULT_WAIT: dict[str, timedelta] = {
    WaitingOn.EXPERT: timedelta(days=1),
    WaitingOn.QUESTION: timedelta(hours=4),
    WaitingOn.MONITOR: timedelta(days=1),
    WaitingOn.LANGUAGE: timedelta(days=1),
    WaitingOn.LONG_ANSWER: timedelta(hours=2),
    WaitingOn.OWN_ANSWER: timedelta(hours=2),
    WaitingOn.REPORT: timedelta(days=7),
    WaitingOn.ISSUE: timedelta(days=30),
}
"""Nothing is ever parked forever."""
NOT_OFFERED = frozenset({WaitingOn.OWN_ANSWER, WaitingOn.REPORT, WaitingOn.ISSUE})
"""Reasons that the desk sets automatically; people choose among the others."""


def offered() -> list[tuple[str, str]]:
    """[(reason, label)] to choose from."""
    return [(value, str(WaitingOn(value).label)) for value in DEFAULT_WAIT if value not in NOT_OFFERED]
