"""Figures for the slides of the monthly meeting: median first reply times, the two pictures, and a link to the
monthly package."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from metrics import definitions
from metrics.activity.report import ActivityReport
from metrics.figures import first_reply
from metrics.figures.first_reply import FirstReply
from metrics.first_reply.report import FirstReplyReport
from metrics.periods import Period
from metrics.tables import duration
from team.meeting.numbers import Number, Offer


def offer(tickets: Any, first: date, last: date, now: datetime) -> Offer:
    """As on the report, for these days in UTC. Two queries."""
    filters = definitions.Filters(Period(first, last))
    total = first_reply.first_reply(tickets, filters, now)
    high = first_reply.first_reply(tickets, filters, now, high=True)
    pages = [(_("The whole month as slides, pictures and tables"), reverse("metrics:packages"))]
    return Offer(_numbers(total, high), _pictures(first, last), pages)


def _numbers(total: FirstReply, high: FirstReply) -> list[Number]:
    within = total.within_percent
    return [
        Number(_("Median First Reply Time"), duration(total.median), duration(total.goal)),
        Number(_("Median First Reply Time, high priority"), duration(high.median), duration(high.goal)),
        Number(_("Mentions"), f"{total.mentions:,}"),
        Number(_("Answered"), f"{total.answered:,}"),
        Number(_("Answered within target"), "—" if within is None else f"{within:.0f} %"),
    ]


def _pictures(first: date, last: date) -> list[tuple[str, str]]:
    """The charts that the handbook names, as files."""
    month = urlencode({"from": first.isoformat(), "to": last.isoformat()})
    median = reverse("metrics:chart", args=[FirstReplyReport.name, "median-by-day", "png"])
    activity = reverse("metrics:chart", args=[ActivityReport.name, "daily-activity", "png"])
    return [
        (_("Median First Reply Time by day"), f"{median}?{month}"),
        (_("Daily ticket activity for the last 30 days"), f"{activity}?period=30d"),
    ]
