"""Finds the experts who are on call for the release that a ticket is about, for *whom to ask*."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from mentions.models import Message, Ticket
from team.coverage import DAY
from team.models import Release
from team.release import grouping, release_times


def experts(ticket: Ticket, text: str, now: datetime) -> dict[int, str]:
    """Expert id → what they are on call for. One query on other days; three while a release is on, and four if it has a
    link."""
    found: dict[int, str] = {}
    for release in _today(ticket, now):
        on_call = list(release.experts.filter(is_active=True).values_list("pk", flat=True))
        if on_call and grouping.is_about(release, text, lambda: _pages(ticket)):
            words = _("on call for %(what)s") % {"what": release.name or release.rule.name}
            found |= dict.fromkeys(on_call, words)
    return found


def _today(ticket: Ticket, now: datetime) -> Iterator[Release]:
    """Releases whose shown hours are on, if the conversation began in them."""
    today = now.astimezone(UTC).date()
    near = Release.objects.filter(rule__is_active=True, day__range=(today - 2 * DAY, today + 2 * DAY))
    for release in near.select_related("rule").order_by("day", "pk"):
        span = release_times.shown(release.rule, release.day)
        if span.start <= now < span.end and span.start <= ticket.posted_at < span.end:
            yield release


def _pages(ticket: Ticket) -> frozenset[str]:
    messages = Message.objects.filter(ticket=ticket, direction=Message.Direction.INBOUND)
    rows = messages.values_list("links", "canonical_url", "page_url")
    return frozenset(page for row in rows for page in grouping.pages_of(*row))
