"""Lists who answered what in a month, to thank them: on the team's page, as text to copy, and as a post in Slack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db.models import Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.audience import seen_by
from channels.links.web_addresses import web_address
from channels.models import OutboundItem
from channels.outbox import slack_posts
from channels.registry.finding_adapters import adapter_for
from experts.models import CommunityShare, Outreach
from experts.slack_text import pinging
from mentions.models import Person, Ticket
from mentions.people.audience import VisibleTicket
from mentions.tickets.transitions import OutcomeRefused

Answer = Outreach | CommunityShare
DONE = Q(answered_by__isnull=False, answered_at__isnull=False)
RELATED = ("answered_by__expert", "answer", "ticket__channel__connection")
MAX_ROWS = 2000


@dataclass(slots=True)
class Helper:
    """One colleague and their answers in the month, oldest first."""

    person: Person
    answers: list[Answer] = field(default_factory=list)

    @property
    def places(self) -> list[tuple[str, int]]:
        """[(platform, answers)], most first."""
        counted = Counter(adapter_for(a.ticket.channel.connection.platform).label for a in self.answers)
        return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def links(self) -> list[str]:
        """Addresses of the answers on the platforms."""
        return [a.answer.url for a in self.answers if a.answer is not None and web_address(a.answer.url)]


def months(user: Any) -> list[date]:
    """First days (UTC) of the months with answers that this person may see, newest first."""
    found: set[date] = set()
    for rows in _answers(user):
        by_month = rows.annotate(month=TruncMonth("answered_at", tzinfo=UTC)).order_by("month")
        found |= {month.date() for month in by_month.values_list("month", flat=True).distinct()}
    return sorted(found, reverse=True)


def of_month(user: Any, month: date, *, for_slack: bool = False) -> list[Helper]:
    """Everybody who answered, most answers first. `for_slack`: without tickets that not every advocate may see."""
    begins = datetime(month.year, month.month, 1, tzinfo=UTC)
    ends = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    helpers: dict[int, Helper] = {}
    for rows in _answers(user):
        found = rows.filter(answered_at__gte=begins, answered_at__lt=ends).select_related(*RELATED)
        if for_slack:
            found = found.filter(ticket__in=Ticket.objects.filter(VisibleTicket(None)))
        for each in found.order_by("answered_at", "pk")[:MAX_ROWS]:
            if each.answered_by is not None:
                helpers.setdefault(each.answered_by.pk, Helper(each.answered_by)).answers.append(each)
    return sorted(helpers.values(), key=lambda helper: (-len(helper.answers), helper.person.name))


def _answers(user: Any) -> tuple[QuerySet[Any], QuerySet[Any]]:
    return seen_by(user, Outreach).filter(DONE), seen_by(user, CommunityShare).filter(DONE)


def text(helpers: Iterable[Helper], month: date, *, pings: bool = False) -> str:
    """The list as text, ready to post. `pings`: as Slack markup that notifies people."""
    helpers = list(helpers)
    total = sum(len(helper.answers) for helper in helpers)
    words = ngettext(
        "Thank you! In %(month)s you answered %(count)d person outside the company:",
        "Thank you! In %(month)s you answered %(count)d people outside the company:",
        total,
    ) % {"month": formats.date_format(month, "F Y"), "count": total}
    lines = [_line(helper, pings=pings) for helper in helpers]
    return "\n".join([slack_posts.escaped(words) if pings else words, *lines])


def _line(helper: Helper, *, pings: bool) -> str:
    expert = getattr(helper.person, "expert", None)
    ping = pinging.ping_of(expert) if pings and expert is not None else ""
    places = ", ".join(f"{name} {count}" for name, count in helper.places)
    rest = f": {len(helper.answers)} ({places})"
    who = helper.person.name
    if not pings:
        return f"• {who}{rest}"
    return f"• {ping or slack_posts.escaped(who)}{slack_posts.escaped(rest)}"


def post(user: Any, month: date, channel: str, now: datetime) -> OutboundItem:
    """Post the list, once per month and Slack channel. Raises OutcomeRefused."""
    channel = channel.replace("\0", "").strip()[:80]
    if not channel.lstrip("#"):
        raise OutcomeRefused(_("Enter the Slack channel to post to."))
    helpers = of_month(user, month, for_slack=True)
    if not helpers:
        raise OutcomeRefused(_("Nobody answered this month in a conversation that everybody may see."))
    key = _key(month, channel)
    if OutboundItem.objects.filter(key=key).exists():
        raise OutcomeRefused(_("This month’s thanks were already posted in %(channel)s.") % {"channel": channel})
    return slack_posts.post_message(
        key=key,
        conversation=f"thanks:{month:%Y-%m}",
        channel=channel if channel.startswith(("#", "C", "G")) else f"#{channel}",
        text=text(helpers, month, pings=True),
        not_before=now,
    )


def _key(month: date, channel: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"thanks {month:%Y-%m} {channel.lstrip('#').lower()}")
