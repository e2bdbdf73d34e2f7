"""Selects the requests of a figure, with one condition for both the count and the list."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet

from experts.models import Expert, Outreach
from metrics.definitions import Filters, Tickets, asked_of
from metrics.figures.parts import Part
from metrics.periods import Period, within_days

State = Outreach.State
NAMES = ("requests", "requests_answered", "requests_open", "requests_over", "expert_answers")
ANSWERED = Q(state__in=(State.ANSWERED, State.SENT), answered_at__isnull=False)
OPEN = Q(state__in=Outreach.RUNNING)
REFUSED = ~Q(error="") & Q(slack_ts="") & ~ANSWERED & ~OPEN
"""Slack never accepted these: nobody was asked."""
TOOK = F("answered_at") - F("asked_at")


def narrowed(tickets: Tickets, filters: Filters) -> QuerySet[Any]:
    """Requests about these tickets, which the reader may see; of a team, if one is chosen. Requests of a merged ticket
    move to the one that it was merged into."""
    rows = Outreach.objects.filter(~REFUSED, ticket__in=filters.without_team().narrow(tickets))
    return rows.filter(asked_of(filters.teams)) if filters.teams else rows


def condition(name: str, period: Period) -> Q:
    """The condition of one of NAMES. Raises KeyError."""
    asked = within_days("asked_at", period)
    return {
        "requests": asked,
        "requests_answered": asked & ANSWERED,
        "requests_open": asked & OPEN,
        "requests_over": asked & ~ANSWERED & ~OPEN,
        "expert_answers": ANSWERED & within_days("answered_at", period),
    }[name]


def of_part(part: Part, name: str) -> Q:
    """The part that one row shows. A person's requests are those sent to them; their answers are those they gave."""
    found = Q()
    if part.platform:
        found &= Q(ticket__channel__connection__platform=part.platform)
    if part.advocate is not None:
        found &= Q(asked_by=part.advocate)
    if part.topic is not None:
        found &= of_topic(part.topic)
    if part.person is not None:
        column = "answered_by" if name == "expert_answers" else "expert__person"
        found &= Q(**{column: part.person}) if part.person else Q(**{f"{column}__isnull": True})
    return found


def of_topic(topic: int) -> Q:
    """Requests to the topic, or to one of its experts; 0: to experts without a topic."""
    if topic:
        return asked_of([topic])
    return Q(topic=None) & ~Q(expert__in=Expert.objects.filter(topics__isnull=False))
