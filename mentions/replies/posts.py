"""Posts that reply to nobody: a status update, the overview on release day. They go through the outbox like replies,
with the same undo window; polling recognises them as ours and creates no work.

A post is an outbound item in its channel's conversation, so a channel's posts are sent one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from channels.contract import Capability
from channels.models import Channel, OutboundItem
from channels.outbox import outbox, personal
from channels.outbox.sending import payload_of
from channels.registry.configs import address_of
from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.db import locks
from mentions.handle_rules import privacy
from mentions.models import Message
from mentions.people import access
from mentions.replies import sending_states
from mentions.replies.replies import check_text
from mentions.undo import window

State = OutboundItem.State
LATEST = 50


def highlighting(channels: Sequence[Channel], message: Message) -> Channel | None:
    """The handle among these whose setting `highlights` lets it quote a message written to it; None if there is none,
    or the message has no public page."""
    if not message.url or message.is_deleted or privacy.is_private(message):
        return None
    seen = set(message.sightings.values_list("channel_id", flat=True)) | {message.channel_id}
    return next((c for c in channels if c.settings.get("highlights") and c.pk in seen), None)


class PostRefused(Exception):
    """Nothing was posted; the text tells the author why."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post for the posts page."""

    item: OutboundItem
    channel: Channel
    text: str
    who: str
    can_undo: bool
    can_delete: bool
    deletion: OutboundItem | None
    """Its deletion in the outbox; None if nobody has asked for one."""

    @property
    def is_deleted(self) -> bool:
        return self.deletion is not None and self.deletion.state == State.SENT

    @property
    def is_being_deleted(self) -> bool:
        return not self.is_deleted and not sending_states.may_be_asked_again(self.deletion)


def channels_for(user: Any) -> list[Channel]:
    """Channels this person may post as, best rank first: handles that name one of their roles, on platforms that take
    posts."""
    if not user.is_active:
        return []
    named = Channel.objects.filter(is_active=True, connection__is_active=True).exclude(post_roles=[])
    visible = named.filter(pk__in=access.visible_channel_ids(user)).select_related("connection").order_by("rank", "pk")
    return [c for c in visible if access.has_role(user, c.post_roles) and _takes_posts(c, user)]


def _takes_posts(channel: Channel, user: Any) -> bool:
    try:
        adapter = adapter_for(channel.connection.platform)
    except UnknownPlatform:
        return False
    if not (adapter.can(Capability.SEND) and adapter.can(Capability.POST)) or privacy.sends_privately(channel):
        return False
    if adapter.personal_fields:
        return bool(personal.usable(user.pk, [channel.connection_id]))
    return bool(channel.address) or not adapter.needs_sender


def check(user: Any, channel_id: int | None, text: str) -> tuple[Channel, str]:
    """(channel, text as posted). Raises PostRefused, ReplyRefused."""
    channel = next((c for c in channels_for(user) if c.pk == channel_id), None)
    if channel is None:
        raise PostRefused(_("You cannot post as this handle. Choose another one."))
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    check_text(text, channel)
    return channel, text


def submit(user: Any, *, key: UUID, channel_id: int | None, text: str, now: datetime) -> OutboundItem:
    """Queue a post until the undo window ends; the same key returns the same post. Raises PostRefused, ReplyRefused."""
    channel, text = check(user, channel_id, text)
    item = outbox.enqueue(
        key=key,
        kind=OutboundItem.Kind.REPLY,
        connection_id=channel.connection_id,
        conversation=_conversation(channel),
        payload={"text": text, "sender": address_of(channel)},
        not_before=window.end(now),
        sent_as_id=user.pk,
    )
    if item.conversation != _conversation(channel) or item.sent_as_id != user.pk:
        raise PostRefused(_("This page was already used for another post. Reload it and write your post again."))
    return item


def _conversation(channel: Channel) -> str:
    return f"post:{channel.pk}"


def latest(user: Any, now: datetime) -> list[Post]:
    """The latest posts of the channels this person may post as, newest first."""
    channels = {_conversation(channel): channel for channel in channels_for(user)}
    of_them = OutboundItem.objects.filter(conversation__in=channels, kind=OutboundItem.Kind.REPLY)
    items = list(of_them.select_related("sent_as").order_by("-id")[:LATEST])
    deletions = sending_states.deletions_of([item.key for item in items])
    return [_shown(item, channels[item.conversation], deletions.get(item.key)) for item in items]


def _shown(item: OutboundItem, channel: Channel, deletion: OutboundItem | None) -> Post:
    sender = item.sent_as.get_short_name() or item.sent_as.get_username() if item.sent_as else ""
    deletes = adapter_for(channel.connection.platform).can(Capability.DELETE)
    return Post(
        item,
        channel,
        str(payload_of(item).get("text", "")),
        sender,
        can_undo=item.state in outbox.CANCELLABLE,
        can_delete=deletes
        and item.state == State.SENT
        and bool(item.external_id)
        and sending_states.may_be_asked_again(deletion),
        deletion=deletion,
    )


def _post_of(user: Any, item_id: int) -> tuple[OutboundItem, Channel]:
    """Raises PostRefused if the item is no post, or its channel is not one this person may post as."""
    item = OutboundItem.objects.filter(pk=item_id, kind=OutboundItem.Kind.REPLY).first()
    channel = next((c for c in channels_for(user) if item and _conversation(c) == item.conversation), None)
    if item is None or channel is None:
        raise PostRefused(_("This post does not exist, or you cannot change it."))
    return item, channel


def undo(user: Any, item_id: int, now: datetime) -> str:
    """Cancel a post before it leaves; returns its text for further editing. Raises PostRefused, outbox.WrongState."""
    item, _channel = _post_of(user, item_id)
    outbox.cancel(item.pk, now)
    return str(payload_of(item).get("text", ""))


@locks.once_more
def delete(user: Any, item_id: int, now: datetime) -> OutboundItem:
    """Delete it on the platform, from the account it was sent from. Raises PostRefused, outbox.WrongState."""
    item, channel = _post_of(user, item_id)
    if not _shown(item, channel, sending_states.deletions_of([item.key]).get(item.key)).can_delete:
        raise PostRefused(_("Only published posts can be deleted, and only on platforms that support it."))
    return sending_states.ask(
        key=sending_states.deletion_key(item.key),
        kind=OutboundItem.Kind.DELETE,
        connection_id=channel.connection_id,
        conversation=item.conversation,
        payload={"external_id": item.external_id, "sender": address_of(channel)},
        sent_as_id=item.sent_as_id,
        now=now,
    )[0]
