"""Own posts that come in by polling settle what is in flight, also when they come before the receipt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from channels import outbox_states as states
from channels.clocks import desk_now
from channels.models import OutboundItem
from channels.outbox_sending import message_id_for, payload_of
from channels.text import composed, unescaped

OwnPost = tuple[str, str | None, str]
"""(external_id, parent_id, text)"""

FAILED_FOR = timedelta(days=7)
"""How long a post may still contradict a failure."""
_LEADING_HANDLES = re.compile(r"^(?:\s*@\w+)+\s+")
_LINK = re.compile(r"https?://\S+")
_SPACE = re.compile(r"\s+")


def settle_by_own_posts(connection_id: int, posts: Iterable[OwnPost], now: datetime | None = None) -> dict[str, int]:
    """Which outbound item each own post is: external_id → outbound id. Items in flight (sending, retrying, uncertain,
    queued again, lately failed) become `sent`; an item is matched once, an older one first.

    A mail is known by its Message-ID, which is made from the key; anything else by its parent and its text.
    """
    posts = list(posts)
    if not posts:
        return {}
    with transaction.atomic():
        found = _known(connection_id, [external_id for external_id, _, _ in posts])
        unknown = [post for post in posts if post[0] not in found]
        if unknown:
            found |= _settle(connection_id, unknown, now or desk_now())
    return found


def _known(connection_id: int, external_ids: Sequence[str]) -> dict[str, int]:
    items = OutboundItem.objects.filter(
        connection_id=connection_id, kind=states.Kind.REPLY, external_id__in=[e for e in external_ids if e]
    )
    return dict(items.order_by("pk").values_list("external_id", "pk"))


def _settle(connection_id: int, posts: Sequence[OwnPost], now: datetime) -> dict[str, int]:
    in_flight = Q(state__in=(states.State.SENDING, states.State.UNCERTAIN))
    attempted = Q(state__in=states.WAITING, first_sent_at__isnull=False)
    failed = Q(state=states.State.FAILED, first_sent_at__gte=now - FAILED_FOR)
    # A person has seen it there and marked it as sent; which post it is, shows only now.
    marked = Q(state=states.State.SENT, sent_at__gte=now - FAILED_FOR)
    candidates = list(
        OutboundItem.objects.filter(
            in_flight | attempted | failed | marked, connection_id=connection_id, kind=states.Kind.REPLY, external_id=""
        )
        .select_for_update()
        .order_by("pk")
    )
    found: dict[str, int] = {}
    for external_id, parent_id, text in posts:
        item = next((c for c in candidates if is_same(c, external_id, parent_id, text)), None)
        if item is not None:
            candidates.remove(item)
            found[external_id] = item.pk
            _sent(item, external_id, now)
    return found


def _sent(item: OutboundItem, external_id: str, now: datetime) -> None:
    """The worker's receipt, when it comes, finds the item sent and changes nothing."""
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
    """The Message-ID that a mail of ours has, however its sending went; "" for what is no mail."""
    payload = payload_of(item)
    known = payload.get("message_id") or message_id_for(str(item.key), str(payload.get("sender") or ""), "")
    return str(known or "").strip().strip("<>")


def is_same(item: OutboundItem, external_id: str, parent_id: str | None, text: str) -> bool:
    payload = payload_of(item)
    bare = external_id.strip().strip("<>")
    if (bare and bare == mail_id(item)) or bare.startswith(f"{item.key}@"):
        return True
    return (payload.get("in_reply_to") or None) == (parent_id or None) and _plain(str(payload["text"])) == _plain(text)


def _plain(text: str) -> str:
    """What platforms leave of a text: they unescape, shorten links, trim, and put handles in front."""
    text = composed(unescaped(text))
    text = _LINK.sub("•", _LEADING_HANDLES.sub("", text))
    return _SPACE.sub(" ", text).strip()
