"""Matches own posts from polling with outbound items and settles those, even before the receipt arrives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from channels.clocks import desk_now
from channels.models import Channel, OutboundItem
from channels.outbox import personal, states
from channels.outbox.sending import message_id_for, payload_of
from channels.registry.configs import OWN_ID_SETTINGS, address_of
from channels.toolkit.text import composed, unescaped

OwnPost = tuple[str, str | None, str] | tuple[str, str | None, str, frozenset[str]]
"""(external_id, parent_id, text, names of its author: id and handle, empty if unknown)"""

FAILED_FOR = timedelta(days=7)
"""How long after a failure a post that turns up can still prove the item sent."""
_LEADING_HANDLES = re.compile(r"^(?:\s*@\w+)+\s+")
_LINK = re.compile(r"https?://\S+")
_SPACE = re.compile(r"\s+")


def settle_by_own_posts(connection_id: int, posts: Iterable[OwnPost], now: datetime | None = None) -> dict[str, int]:
    """Match own posts with outbound items; returns external_id → outbound id. Items in flight (sending, retrying,
    uncertain, queued again, recently failed) become `sent`; each item is matched once, older ones first.

    An email matches by its Message-ID, derived from the key; anything else by its parent and text.
    """
    posts = list(posts)
    if not posts:
        return {}
    with transaction.atomic():
        found = _already_matched(connection_id, [post[0] for post in posts])
        unknown = [post for post in posts if post[0] not in found]
        if unknown:
            found |= _settle(connection_id, unknown, now or desk_now())
    return found


def _already_matched(connection_id: int, external_ids: Sequence[str]) -> dict[str, int]:
    items = OutboundItem.objects.filter(
        connection_id=connection_id, kind=states.Kind.REPLY, external_id__in=[e for e in external_ids if e]
    )
    return dict(items.order_by("pk").values_list("external_id", "pk"))


def _settle(connection_id: int, posts: Sequence[OwnPost], now: datetime) -> dict[str, int]:
    in_flight = Q(state__in=(states.State.SENDING, states.State.UNCERTAIN))
    attempted = Q(state__in=states.WAITING, first_sent_at__isnull=False)
    failed = Q(state=states.State.FAILED, first_sent_at__gte=now - FAILED_FOR)
    # Items that a person marked as sent: only now do we learn which post it is.
    marked = Q(state=states.State.SENT, sent_at__gte=now - FAILED_FOR)
    candidates = list(
        OutboundItem.objects.filter(
            in_flight | attempted | failed | marked, connection_id=connection_id, kind=states.Kind.REPLY, external_id=""
        )
        .select_for_update()
        .order_by("pk")
    )
    found: dict[str, int] = {}
    senders = _senders(connection_id) if candidates else {}
    for external_id, parent_id, text, *author_names in posts:
        handles = _handles_of(author_names[0], senders) if author_names else frozenset()
        names = _plain_names(author_names[0]) if author_names else frozenset()
        same_sender = [c for c in candidates if _may_be_by(c, names, handles)]
        item = next((c for c in same_sender if is_same(c, external_id, parent_id, text)), None)
        if item is not None:
            candidates.remove(item)
            found[external_id] = item.pk
            _sent(item, external_id, now)
    return found


def _senders(connection_id: int) -> dict[str, str]:
    """Author name of each of our handles on a connection → the sender address that items use."""
    found: dict[str, str] = {}
    for channel in Channel.objects.filter(connection=connection_id):
        own_ids = [str(channel.settings.get(name) or "") for name in OWN_ID_SETTINGS]
        for name in _plain_names(frozenset([channel.address, *own_ids])):
            found[name] = _plain_name(address_of(channel))
    return found


def _handles_of(names: frozenset[str], senders: dict[str, str]) -> frozenset[str]:
    return frozenset(senders[name] for name in _plain_names(names) if name in senders)


def _plain_names(names: frozenset[str]) -> frozenset[str]:
    return frozenset(plain for name in names if (plain := _plain_name(name)))


def _plain_name(name: str) -> str:
    return name.strip().lower().removeprefix("@")


def _may_be_by(item: OutboundItem, names: frozenset[str], handles: frozenset[str]) -> bool:
    """Whether the post's author can be the item's sender: two handles of one connection may post the same text. A name
    that isn't one of our handles proves nothing."""
    payload = payload_of(item)
    if account := str(payload.get(personal.ACCOUNT) or ""):
        return not names or _plain_name(account) in names
    sender = _plain_name(str(payload.get("sender") or ""))
    return not (sender and handles) or sender in handles


def _sent(item: OutboundItem, external_id: str, now: datetime) -> None:
    """Mark the item as sent. A later receipt from its worker then changes nothing."""
    states.change(
        OutboundItem.objects.filter(pk=item.pk),
        states.State.SENT,
        external_id=external_id,
        sent_at=now,
        error="",
        sending_until=None,
        uncertain_since=None,
    )


def mail_id(item: OutboundItem) -> str:
    """The Message-ID of our email, whatever its state; "" if it isn't one."""
    payload = payload_of(item)
    message_id = payload.get("message_id") or message_id_for(str(item.key), str(payload.get("sender") or ""), "")
    return str(message_id or "").strip().strip("<>")


def is_same(item: OutboundItem, external_id: str, parent_id: str | None, text: str) -> bool:
    payload = payload_of(item)
    plain_id = external_id.strip().strip("<>")
    if (plain_id and plain_id == mail_id(item)) or plain_id.startswith(f"{item.key}@"):
        return True
    return (payload.get("in_reply_to") or None) == (parent_id or None) and _plain(str(payload["text"])) == _plain(text)


def _plain(text: str) -> str:
    """Normalised text: platforms unescape, shorten links, trim, and prepend handles."""
    text = composed(unescaped(text))
    text = _LINK.sub("•", _LEADING_HANDLES.sub("", text))
    return _SPACE.sub(" ", text).strip()
