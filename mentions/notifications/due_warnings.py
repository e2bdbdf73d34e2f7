"""Tells Slack which mentions are due soon: one message per run and room with all of them, each once per due time.

Tickets that everybody may see are announced in the team's Slack channel. A ticket of a restricted channel is announced
in that channel's own Slack channels; one that is restricted in another way, nowhere. Channels that count coverage hours
are announced within these hours only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.outbox import slack_posts
from channels.outbox.slack_posts import escaped
from channels.registry.icons import with_platform
from mentions.clocks import covered, due_soon
from mentions.models import DueWarning, Ticket
from mentions.notifications.slack_messages import MAX_LINE, MAX_LINES, link
from mentions.people.audience import for_everybody, for_one_channel
from mentions.text.rendering import excerpt

_KEYS = UUID("4be1f4c2-5a2d-4a6e-9d0b-2f6f8f3f7c55")
_CLAIM = """
INSERT INTO mentions_duewarning (ticket_id, due_at, told_at, outbound_ids)
SELECT t.id, t.due_at, %(now)s, '{}' FROM mentions_ticket t WHERE t.id = ANY(%(ids)s) ORDER BY t.id
ON CONFLICT (ticket_id) DO UPDATE SET due_at = excluded.due_at, told_at = excluded.told_at, outbound_ids = '{}'
 WHERE mentions_duewarning.due_at <> excluded.due_at
RETURNING ticket_id
"""
_NOTE = """
UPDATE mentions_duewarning SET outbound_ids = array_append(outbound_ids, %(sent)s) WHERE ticket_id = ANY(%(ids)s)
"""


@transaction.atomic
def tell(now: datetime) -> int:
    """The sweep; returns how many messages were queued."""
    if not settings.SLACK_TOKEN:
        return 0
    rooms = _rooms(_unannounced(now))
    claimed = _claim([ticket for tickets in rooms.values() for ticket in tickets], now)
    count = 0
    for room, tickets in sorted(rooms.items()):
        if news := [ticket for ticket in tickets if ticket.pk in claimed]:
            _post(room, news, now)
            count += 1
    return count


def _unannounced(now: datetime) -> QuerySet[Ticket]:
    """Tickets that are due soon and haven't been announced for their present due time."""
    known = DueWarning.objects.filter(ticket=OuterRef("pk"), due_at=OuterRef("due_at"))
    tickets = Ticket.objects.filter(due_soon.due_soon(now), ~Exists(known), merged_into=None)
    if not (away := covered.away(now)):
        return tickets
    whose = tickets.alias(hours_of=Coalesce("channel__team_id", covered.DESK))
    awake: QuerySet[Ticket] = whose.exclude(channel__counts_coverage=True, hours_of__in=away)
    return awake


def _rooms(tickets: QuerySet[Ticket]) -> dict[str, list[Ticket]]:
    """Slack channel → the tickets to announce there, earliest first."""
    shown = ("channel__connection", "requester", "claimed_by")
    rooms: dict[str, list[Ticket]] = {}
    if settings.TEAM_SLACK_CHANNEL:
        found = for_everybody(tickets).select_related(*shown).order_by("due_at", "pk")
        rooms[settings.TEAM_SLACK_CHANNEL] = list(found)
    for ticket in for_one_channel(tickets).select_related(*shown).order_by("due_at", "pk"):
        for room in dict.fromkeys(ticket.channel.slack_channels):
            rooms.setdefault(room, []).append(ticket)
    return rooms


def _claim(tickets: Sequence[Ticket], now: datetime) -> set[int]:
    """Record these tickets as announced; returns those that no other worker has announced meanwhile."""
    if not tickets:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"ids": sorted({ticket.pk for ticket in tickets}), "now": now})
        return {pk for (pk,) in cursor.fetchall()}


def _post(room: str, tickets: Sequence[Ticket], now: datetime) -> None:
    key = " ".join(f"{ticket.pk}@{ticket.due_at}" for ticket in tickets)
    sent = slack_posts.post_message(
        key=uuid5(_KEYS, f"{room} {key}"),
        conversation=f"slack:{room}",
        channel=room,
        text=text_of(tickets),
        not_before=now,
    )
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"ids": [ticket.pk for ticket in tickets], "sent": sent.pk})


def text_of(tickets: Sequence[Ticket]) -> str:
    """The message in Slack markup: a line per ticket, with who, where, what, by when, and who is on it."""
    count = len(tickets)
    head = ngettext("%(count)d mention is due soon", "%(count)d mentions are due soon", count) % {"count": count}
    lines = [f"⏰ *{head}*", *map(_line, tickets[:MAX_LINES])]
    if count > MAX_LINES:
        lines.append(_("… and %(count)d more.") % {"count": count - MAX_LINES})
    address = f"{settings.BASE_URL}{reverse('mentions:search')}?{urlencode({'q': 'is:due-soon'})}"
    return "\n".join([*lines, link(address, _("All that are due soon"))])


def _line(ticket: Ticket) -> str:
    channel = ticket.channel
    where = escaped(with_platform(channel.name, channel.connection.platform))
    address = settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    what = escaped(excerpt(ticket.subject, MAX_LINE).replace("\n", " "))
    said = f"{_when(ticket)} · *{escaped(str(ticket.requester))}* · {where} · {link(address, f'#{ticket.pk}')}"
    return f"• {said}: {what} _{_who(ticket)}_"


def _when(ticket: Ticket) -> str:
    """In each reader's own time zone.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    at = ticket.due_at
    assert at is not None
    time = f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC>"
    return _("due %(time)s") % {"time": time}


def _who(ticket: Ticket) -> str:
    if ticket.claimed_by is not None:
        who = escaped(ticket.claimed_by.get_short_name() or ticket.claimed_by.get_username())
        return _("%(who)s is on it") % {"who": who}
    return _("parked") if ticket.waiting_on else _("nobody is on it")
