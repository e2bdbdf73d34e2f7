"""Shares a ticket with colleagues in Slack, through the same outbox as everything that leaves the desk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.models import OutboundItem
from channels.outbox import outbox, slack_posts
from channels.registry.icons import with_platform
from mentions.models import Event, EventKind, Ticket
from mentions.people import audience
from mentions.text.rendering import excerpt
from mentions.tickets.transitions import OutcomeRefused, record

MAX_LENGTH = 3000
_rooms: list[Callable[[], Iterable[str]]] = []


def register_rooms(source: Callable[[], Iterable[str]]) -> None:
    """For upper floors, at app start: further Slack channels to suggest."""
    if source not in _rooms:
        _rooms.append(source)


def channels_of(ticket: Ticket) -> list[str]:
    """Slack channels to suggest: first those where its channel's mentions are discussed."""
    return channels_of_all([ticket])


def channels_of_all(tickets: Iterable[Ticket]) -> list[str]:
    """As `channels_of`, for several tickets together."""
    own = [str(name) for ticket in tickets for name in ticket.channel.slack_channels]
    return list(dict.fromkeys([*own, *(name for source in _rooms for name in source())]))


def words_for(ticket: Ticket) -> str:
    """The suggested text, editable before sharing: who, what, the link, and the ticket. For a restricted ticket only
    its URL: opening it requires permission."""
    address: str = settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    if audience.circle_of([ticket]).channels:
        return address
    said = ticket.messages.filter(direction="in").order_by("-posted_at", "-id").values_list("text", "url").first()
    text, url = said or ("", "")
    first = _("%(who)s on %(where)s: %(said)s") % {
        "who": ticket.requester,
        "where": with_platform(ticket.channel.name, ticket.channel.connection.platform),
        "said": excerpt(text or ticket.subject, 280),
    }
    return "\n".join(part for part in (first, url, address) if part)


@transaction.atomic
def share(ticket_id: int, actor: Any, *, key: UUID, channel: str, text: str, now: datetime) -> OutboundItem:
    """Post the text once per `key`. It is shown literally and can't mention everybody. Raises OutcomeRefused."""
    channel, text = channel.strip(), text.strip()
    if not slack_posts.is_channel_name(channel):
        raise OutcomeRefused(_("Enter a Slack channel, such as #mentions."))
    if not text or len(text) > MAX_LENGTH:
        raise OutcomeRefused(_("Enter a message of at most %(most)s characters.") % {"most": MAX_LENGTH})
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    item = slack_posts.post_message(
        key=key, conversation=f"slack:{channel}", channel=channel, text=slack_posts.escaped(text), not_before=now
    )
    data = {"channel": channel, "outbound": item.pk}
    if not ticket.events.filter(kind=EventKind.SHARED, data=data).exists():
        record(ticket, actor, now, EventKind.SHARED, data)
    return item


@transaction.atomic
def take_back(ticket_id: int, key: UUID, now: datetime) -> bool:
    """Undo a share that has not been sent to Slack yet, and remove it from the history. Returns whether there was
    one."""
    item = OutboundItem.objects.filter(key=key, state=OutboundItem.State.QUEUED).first()
    if item is None:
        return False
    outbox.cancel(item.pk, now)
    Event.objects.filter(ticket=ticket_id, kind=EventKind.SHARED, data__outbound=item.pk).delete()
    return True


def record_posted(tickets: Sequence[Ticket], room: str, sent: OutboundItem, now: datetime) -> None:
    """Record that the desk itself posted about these tickets in a Slack channel: their histories say so, and people who
    may not see one of them can't read the message in the outbox."""
    for ticket in tickets:
        record(ticket, None, now, EventKind.SHARED, {"channel": room, "outbound": sent.pk})
