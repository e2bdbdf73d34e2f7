"""Rows of the review page for items held back after a restore."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from channels.links.web_addresses import is_web_address
from channels.models import OutboundItem
from channels.outbox import held_back
from channels.outbox.sending import outlook, payload_of
from mentions.people import access

State = OutboundItem.State
MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class HeldBackRow:
    """`text` is None if this person may not read the ticket. `url`: of the post, if it was found."""

    item: OutboundItem
    where: str
    text: str | None
    ticket_id: int | None
    proof: str
    may_be_sent: bool
    url: str = ""
    platform: str = ""


def waiting(user: Any) -> list[HeldBackRow]:
    """Items waiting for a decision, oldest first."""
    items = held_back.items().select_related("connection", "sent_as").order_by("pk")[:MAX_SHOWN]
    return _rows(items, user)


def found(user: Any) -> list[HeldBackRow]:
    """Items found to be sent already, newest first: no decision needed."""
    settled = OutboundItem.objects.filter(held_at__isnull=False, state=State.SENT)
    return _rows(settled.select_related("connection", "sent_as").order_by("-sent_at", "-pk")[:MAX_SHOWN], user)


def _rows(items: Iterable[OutboundItem], user: Any) -> list[HeldBackRow]:
    listed = list(items)
    ids = [pk for item in listed if (pk := _ticket_of(item)) is not None]
    readable = set(access.visible_tickets(user).filter(pk__in=ids).values_list("pk", flat=True))
    return [_row(item, readable) for item in listed]


def _row(item: OutboundItem, readable: set[int]) -> HeldBackRow:
    ticket_id = _ticket_of(item)
    hidden = ticket_id is not None and ticket_id not in readable
    payload = payload_of(item)
    return HeldBackRow(
        item=item,
        where=item.connection.name if item.connection else str(payload.get("channel") or "Slack"),
        text=None if hidden else str(payload.get("text") or payload.get("external_id") or ""),
        ticket_id=None if hidden else ticket_id,
        proof=proof(item),
        may_be_sent=held_back.may_be_sent(item),
        url=item.url if not hidden and is_web_address(item.url) else "",
        platform=item.connection.platform if item.connection else "slack",
    )


def _ticket_of(item: OutboundItem) -> int | None:
    kind, _colon, number = item.conversation.partition(":")
    return int(number) if kind == "ticket" and number.isdecimal() else None


def proof(item: OutboundItem) -> str:
    """The evidence for whether it was sent, in words."""
    if item.state == State.SENT:
        return _("Found on the platform: already sent.")
    if item.state == State.UNCERTAIN and outlook(item)[3]:
        return _("Being looked up on the platform.")
    if item.state == State.UNCERTAIN:
        return _("Unknown: %(platform)s does not offer a way to check. Look there first.") % {
            "platform": outlook(item)[2]
        }
    return item.error
