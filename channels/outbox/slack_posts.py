"""Queues Slack posts in the outbox."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from channels.contract import Json
from channels.models import OutboundItem
from channels.outbox import outbox

_CHANNEL = re.compile(r"#?[\w.-]{1,80}")
MAX_CHANNEL = 80
"""As the tables hold it."""


def is_channel_name(text: str) -> bool:
    """Whether the text can name a Slack channel: by its name, with or without #, or its id."""
    return len(text) <= MAX_CHANNEL and _CHANNEL.fullmatch(text) is not None


def escaped(text: str) -> str:
    """Escapes external text for Slack: it can neither trigger a mention nor disguise a link.

    Source: https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def post_message(
    *,
    key: UUID | str,
    conversation: str,
    channel: str,
    text: str,
    blocks: list[Json] | None = None,
    thread_ts: str | None = None,
    not_before: datetime,
) -> OutboundItem:
    """Queue a message to a channel (id or name); once sent, `receipt` is {"ts", "channel", "permalink"}."""
    payload: dict[str, Json] = {"channel": channel, "text": text}
    if blocks:
        payload["blocks"] = blocks
    if thread_ts:
        payload["thread_ts"] = thread_ts
    return outbox.enqueue(
        key=key,
        kind=OutboundItem.Kind.SLACK,
        connection_id=None,
        conversation=conversation,
        payload=payload,
        not_before=not_before,
    )
