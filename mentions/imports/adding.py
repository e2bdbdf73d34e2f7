"""Adds a mention by URL: through the inbox like everything else, or to the ticket that already has the page."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from channels.contract import Author, Mention, Page
from channels.db.payloads import storable_id
from channels.errors import ChannelError
from channels.inbox import storing_once
from channels.links.canonical_urls import canonical
from channels.models import Channel, InboundItem
from channels.parsing import reader
from channels.queries.routing import channels_for
from channels.registry.by_hand import PLATFORM
from channels.registry.configs import address_of, source_of
from mentions.ingest.batch import ingest_pending
from mentions.ingest.placing.placing_by_hand import ensure_ticket
from mentions.models import Message, Ticket
from mentions.people import access

SET_UP = "channels.add_connection"
WAIT_S = 10.0
"""How long to wait for another worker that took the item first."""


class AddingRefused(Exception):
    """Nothing was added; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page as corrected by a person. `posted_at`: ISO 8601, or ""; `channel`: a channel slug."""

    url: str
    title: str = ""
    author: str = ""
    text: str = ""
    posted_at: str = ""
    language: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    ticket: Ticket
    is_new: bool


_ANY = Mention("", "", Author(""), None, "")


def channels_of(user: access.User) -> list[Channel]:
    """Active channels of connections of this kind that this person may add to, best rank first. One without an address
    is found only if it takes mentions that name no channel."""
    active = Channel.objects.filter(connection__platform=PLATFORM, connection__is_active=True, is_active=True)
    found = list(active.order_by("rank", "name").select_related("connection"))
    takes_all = {c for each in found for c in channels_for([o for o in found if _are_siblings(o, each)], _ANY)[:1]}
    mine = set(Channel.objects.filter(pk__in=access.visible_channel_ids(user)).values_list("pk", flat=True))
    return [c for c in found if c.pk in mine and (c.address or c in takes_all)]


def _are_siblings(one: Channel, other: Channel) -> bool:
    return bool(one.connection_id == other.connection_id)


def ticket_of(url: str, user: access.User, now: datetime) -> Ticket | None:
    """The ticket for a page's URL, on any platform: a mention at that URL first, then one about it. A message on a
    notify-only channel gets its ticket now. Raises AddingRefused if it is in a channel this person may not see."""
    place = canonical(url)
    if not place:
        return None
    inbound = Message.objects.filter(direction=Message.Direction.INBOUND).select_related("ticket").order_by("pk")
    is_hidden = False
    for where in ({"canonical_url": place}, {"page_url": place}):
        known = inbound.filter(**where).exclude(**dict.fromkeys(where, ""))
        mine = access.visible_channel_ids(user)
        seen = (
            known.filter(Q(ticket=None, channel_id__in=mine) | Q(ticket__channel_id__in=mine)).defer("search").first()
        )
        ticket = _living(ensure_ticket(seen.pk, user, now)) if seen is not None else None
        if ticket is not None and access.visible_tickets(user).filter(pk=ticket.pk).exists():
            return ticket
        is_hidden = is_hidden or known.exists()
    if is_hidden:
        raise AddingRefused(
            _("This page is already in the desk, in a channel that your role cannot see. Ask an admin.")
        )
    return None


def _living(ticket: Ticket) -> Ticket:
    """The ticket that this one was merged into, or itself."""
    for _step in range(20):
        if ticket.merged_into is None:
            break
        ticket = ticket.merged_into
    return ticket


def add(page: Found, user: Any, now: datetime) -> Added:
    """The page's ticket: an existing one, or a new one in the chosen channel. Raises AddingRefused."""
    access.require(user, access.PLAY)
    if not canonical(page.url):
        raise AddingRefused(_("This is not a web address. It must start with https:// or http://."))
    if known := ticket_of(page.url, user, now):
        return Added(known, is_new=False)
    channel = next((c for c in channels_of(user) if c.slug == page.channel), None)
    if channel is None:
        raise AddingRefused(_("Choose a channel."))
    document = {**asdict(page), "channel": address_of(channel), "posted_at": page.posted_at or None}
    document["added_by"] = user.get_username()
    try:
        message = _stored(document, channel, now)
    except ChannelError as error:
        raise AddingRefused(str(error)) from error
    return Added(_living(ensure_ticket(message.pk, user, now)), is_new=True)


def _stored(document: dict[str, Any], channel: Channel, now: datetime) -> Message:
    source = source_of(channel.connection_id)
    (item,) = source.adapter.split(document, source.config)
    reading = reader.read_item(source.adapter, source.config, item)
    if reading.error:
        raise AddingRefused(reading.error)
    mention = reading.mention
    if mention is None or channels_for(source.connection.channels.all(), mention)[:1] != [channel]:
        raise AddingRefused(_("The channel has changed in the meantime. Choose it again."))
    name = storable_id(item.external_id)
    storing_once.store_page(channel.connection_id, Page([item], None), fetched_at=now, source=source)
    ingest_pending(connection_id=channel.connection_id)
    message = _message(source.adapter.namespace(source.config), name)
    return message or _from_another_worker(channel.connection_id, source.adapter.namespace(source.config), name)


def _from_another_worker(connection_id: int, namespace: str, name: str) -> Message:
    """The nudge may have been faster: the worker that ingests the item leases it until it is done."""
    until = time.monotonic() + WAIT_S
    rows = InboundItem.objects.filter(connection_id=connection_id, external_id=name).defer("payload", "raw")
    while (item := rows.first()) and item.state == InboundItem.State.PENDING and time.monotonic() < until:
        time.sleep(0.05)
    if message := _message(namespace, name):
        return message
    why = (item.error or item.get_state_display()) if item else ""
    problem = _("Stored, but no ticket was created (%(why)s). An admin can find it in the inbox.")
    raise AddingRefused(problem % {"why": why})


def _message(namespace: str, name: str) -> Message | None:
    return Message.objects.filter(namespace=namespace, external_id=name).only("pk").first()
