"""Posts in the thread, with the desk's key in the message metadata so it can be found again.

https://docs.slack.dev/reference/methods/chat.postMessage is not idempotent;
https://docs.slack.dev/messaging/message-metadata defines what metadata a message may carry.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from channels.adapters.slack import mrkdwn, wire
from channels.adapters.slack.client import Client, Refusal, call, client_of
from channels.adapters.slack.fetching import Workspace, room_and_ts
from channels.contract import Config, Outgoing, Receipt
from channels.errors import ChannelError, Rejected, Uncertain
from channels.toolkit.sending import CLOCK_SLACK

THREAD_PAGES = 20


def send(config: Config, outgoing: Outgoing) -> Receipt:
    """Posts in the question's thread. No requests before it, so any failure is that of the post."""
    room, ts = _where(config, outgoing.thread_id or outgoing.in_reply_to)
    beside = {"key": outgoing.key, "in_reply_to": outgoing.in_reply_to or ""}
    message: dict[str, Any] = {
        "channel": room,
        "thread_ts": ts,
        "text": mrkdwn.escaped(outgoing.text),
        "metadata": {"event_type": wire.OWN_EVENT, "event_payload": beside},
        "unfurl_links": False,
    }
    slack = client_of(config)
    data = call(lambda: slack.chat_postMessage(**message))
    posted = wire.timestamp(data.get("ts"))
    if not posted:
        raise Uncertain("Slack returned no message ID.")
    return _receipt(slack, str(data.get("channel") or room), posted)


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """Found by the key in the metadata. None only if the whole thread since then was read without finding it."""
    workspace = Workspace(config)
    room, ts = room_and_ts(workspace, outgoing.thread_id or outgoing.in_reply_to or "")
    oldest = f"{(since - CLOCK_SLACK).timestamp():.6f}"
    for messages, is_last in workspace.thread(room, ts, bound=THREAD_PAGES, oldest=oldest):
        for message in messages:
            if (wire.own_payload(message) or {}).get("key") == outgoing.key:
                return _receipt(workspace.client, room, str(message["ts"]))
        if is_last:
            return None
    raise Uncertain("That Slack thread has too many messages to search them all.")


def delete(config: Config, external_id: str) -> None:
    """One of our own messages. Already deleted counts as success."""
    room, ts = _where(config, external_id)
    slack = client_of(config)
    try:
        call(lambda: slack.chat_delete(channel=room, ts=ts))
    except Refusal as error:
        if error.code != "message_not_found":
            raise


def like(config: Config, external_id: str) -> None:
    """Adds a thumbs up."""
    room, ts = _where(config, external_id)
    slack = client_of(config)
    try:
        call(lambda: slack.reactions_add(channel=room, timestamp=ts, name="thumbsup"))
    except Refusal as error:
        if error.code != "already_reacted":
            raise


def _where(config: Config, external_id: str | None) -> tuple[str, str]:
    """(room, ts), without a request: an id without a room belongs to the first one."""
    if not external_id:
        raise Rejected("A Slack reply needs a thread to go to.")
    room, _, ts = external_id.rpartition(":")
    if room:
        return room, ts
    rooms = wire.rooms_of(config)
    if not rooms:
        raise Rejected(f"{external_id!r} is not a Slack message.")
    return rooms[0][0] or f"#{rooms[0][1]}", ts


def _receipt(slack: Client, room: str, ts: str) -> Receipt:
    """The message is posted, so failing to get its link isn't an error."""
    try:
        link = str(call(lambda: slack.chat_getPermalink(channel=room, message_ts=ts)).get("permalink") or "") or None
    except ChannelError:
        link = None
    return Receipt(wire.external_id(room, ts), link, wire.moment(ts))
