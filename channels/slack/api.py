"""Slack Web API calls for the outbox: post a message, edit one, look for one that may have been posted.

Methods and errors: https://docs.slack.dev/reference/methods/chat.postMessage. It is not idempotent, so each message
carries the desk's key in its metadata: https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.error import URLError

from django.conf import settings
from django.utils.translation import gettext as _
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from channels.contract import Json, Receipt
from channels.errors import AuthFailed, ChannelError, Rejected, Transient, Uncertain
from channels.secrets.vault import remember
from channels.slack import connections
from channels.slack.errors import channel_error

REQUEST_TIMEOUT_S = connections.REQUEST_TIMEOUT_S
INDEX_LAG_S = 15.0
EVENT_TYPE = "desk_message"
CLOCK_SKEW = timedelta(minutes=5)
_MEMBER = re.compile(r"[UW][A-Z0-9]{5,}\Z")
_ROOM = re.compile(r"[CG][A-Z0-9]{7,}\Z")
_MAX_PAGES = 20
_NOT_CONNECTED = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
_NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH)


@dataclass(frozen=True, slots=True)
class SlackReceipt(Receipt):
    """`external_id`: the message's ts; `url`: its permalink; `channel`: the id of its channel."""

    channel: str = ""


def client() -> WebClient:
    """Raises AuthFailed without a token."""
    token = settings.SLACK_TOKEN
    if not token:
        raise AuthFailed(_("Slack is not set up: DESK_SLACK_TOKEN is empty."))
    remember(token)
    return connections.Client(token, settings.SLACK_API_BASE, settings.HTTP_PROXY or None, settings.HTTP_USER_AGENT)


def whoami() -> str:
    """The name of the token's workspace. Raises Transient, RateLimited, AuthFailed, Rejected.
    https://docs.slack.dev/reference/methods/auth.test"""
    slack = client()
    return str(_call(lambda: slack.auth_test()).get("team") or "")


def post(arguments: Mapping[str, Json], key: str) -> SlackReceipt:
    """Post a message {channel, text, blocks?, thread_ts?}. Raises Transient only if nothing was sent, else Uncertain,
    RateLimited, AuthFailed, Rejected."""
    slack = client()
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
    data = _call(lambda: slack.chat_postMessage(**dict(arguments), metadata=metadata), changes=True)
    ts, channel = str(data.get("ts") or ""), str(data.get("channel") or arguments["channel"])
    if not ts:
        raise Uncertain(_("Slack returned no message ID."))
    return SlackReceipt(external_id=ts, url=_permalink(slack, channel, ts), channel=channel)


def update(arguments: Mapping[str, Json]) -> SlackReceipt:
    """Edit our message {channel, ts, text, blocks?}; idempotent. Raises Transient, RateLimited, AuthFailed, Rejected.
    https://docs.slack.dev/reference/methods/chat.update"""
    slack = client()
    data = _call(lambda: slack.chat_update(**dict(arguments)))
    return SlackReceipt(external_id=str(data.get("ts") or arguments["ts"]), channel=str(arguments["channel"]))


def find(arguments: Mapping[str, Json], key: str, since: datetime) -> SlackReceipt | None:
    """Our message with this key, posted after `since`; None only after reading the whole period."""
    slack = client()
    channel = _channel_id(slack, str(arguments["channel"]))
    oldest = f"{(since - CLOCK_SKEW).timestamp():.6f}"
    for message in _messages(slack, channel, arguments.get("thread_ts"), oldest):
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        if payload.get("key") == key:
            ts = str(message["ts"])
            return SlackReceipt(external_id=ts, url=_permalink(slack, channel, ts), channel=channel)
    return None


def thread(channel: str, ts: str) -> list[dict[str, Any]]:
    """The messages of a thread in a channel given by id, oldest first, in Slack's format; at most a few thousand.
    https://docs.slack.dev/reference/methods/conversations.replies. Raises Transient, RateLimited, AuthFailed, Rejected,
    Uncertain (too long to read)."""
    return list(_messages(client(), channel, ts, ts))


def history(channel: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The messages of a channel given by id, without thread replies, newest first, in Slack's format; at most a few
    thousand. Raises as `thread` does. https://docs.slack.dev/reference/methods/conversations.history"""
    found = _messages(client(), channel, None, f"{since.timestamp():.6f}", latest=f"{until.timestamp():.6f}")
    return list(found)


def channel_id(name: str) -> str:
    """The id of a channel given by name, with or without #. Raises Rejected if the app can't see it, and as `whoami`
    does."""
    found = _channel_id(client(), name)
    if found == name and not _ROOM.match(name):
        raise Rejected(_("The Slack app sees no channel %(name)s. Invite it there.") % {"name": name})
    return found


def member_name(member: str) -> str:
    """The real name of a member given by id; "" if Slack knows none.
    https://docs.slack.dev/reference/methods/users.info"""
    slack = client()
    try:
        found = _call(lambda: slack.users_info(user=member)).get("user") or {}
    except Rejected:
        return ""
    profile = found.get("profile") or {}
    return str(profile.get("real_name") or found.get("real_name") or found.get("name") or "")


def address() -> str:
    """The address of the workspace, with a slash at its end: permalinks begin with it; "" if Slack doesn't say."""
    slack = client()
    found = str(_call(lambda: slack.auth_test()).get("url") or "")
    return f"{found.rstrip('/')}/" if found else ""


def missing(users: Iterable[str], groups: Iterable[str], channels: Iterable[str]) -> list[tuple[str, str]]:
    """(kind, id or name) of those that the workspace doesn't have: "user" (unknown or deactivated), "group", "channel".
    Raises Transient, RateLimited, AuthFailed, Rejected. https://docs.slack.dev/reference/methods/usergroups.list"""
    slack = client()
    wanted_groups, wanted_channels = sorted({*groups}), sorted({*channels})
    gone = [("user", user) for user in sorted({*users}) if not _is_member(slack, user)]
    if wanted_groups:
        known = {str(g.get("id")) for g in _call(lambda: slack.usergroups_list()).get("usergroups") or []}
        gone += [("group", group) for group in wanted_groups if group not in known]
    return gone + [("channel", name) for name in wanted_channels if not _is_channel(slack, name)]


def _is_member(slack: WebClient, user: str) -> bool:
    try:
        found = _call(lambda: slack.users_info(user=user)).get("user") or {}
    except Rejected:
        return False
    return not found.get("deleted")


def _is_channel(slack: WebClient, name: str) -> bool:
    """A name is resolved by the list of channels; an id that is none stays as it is."""
    found = _channel_id(slack, name)
    return found != name or bool(_ROOM.match(name))


def _messages(
    slack: WebClient, channel: str, thread_ts: Json, oldest: str, latest: str | None = None
) -> Iterator[dict[str, Any]]:
    """Raises Uncertain if there are too many to read."""
    cursor: str | None = None
    for _page in range(_MAX_PAGES):
        page: dict[str, Any] = {
            "channel": channel, "oldest": oldest, "include_all_metadata": True, "limit": 200, "cursor": cursor,
            **({"latest": latest} if latest else {}),
        }  # fmt: skip
        if thread_ts:
            data = _call(lambda page=page: slack.conversations_replies(ts=str(thread_ts), **page))  # type: ignore[misc]
        else:
            data = _call(lambda page=page: slack.conversations_history(**page))  # type: ignore[misc]
        yield from data.get("messages") or []
        cursor = (data.get("response_metadata") or {}).get("next_cursor") or None
        if not cursor:
            if data.get("has_more"):
                break
            return
    raise Uncertain(_("That Slack channel has too many messages to search them all."))


def _channel_id(slack: WebClient, channel: str) -> str:
    """The id of a channel given by id or name, or of the direct messages with a member given by id; reading needs the
    id, posting accepts all of them. https://docs.slack.dev/reference/methods/conversations.open"""
    if _MEMBER.match(channel):
        opened = _call(lambda: slack.conversations_open(users=channel)).get("channel") or {}
        return str(opened.get("id") or channel)
    name = channel.removeprefix("#")
    cursor: str | None = None
    for _page in range(_MAX_PAGES):
        data = _call(lambda cursor=cursor: slack.conversations_list(limit=200, cursor=cursor))  # type: ignore[misc]
        for found in data.get("channels") or []:
            if channel == found.get("id") or name == found.get("name"):
                return str(found["id"])
        cursor = (data.get("response_metadata") or {}).get("next_cursor") or None
        if not cursor:
            break
    return channel


def _permalink(slack: WebClient, channel: str, ts: str) -> str | None:
    """None on failure: the message is posted, whether or not its permalink is available."""
    try:
        return (
            str(_call(lambda: slack.chat_getPermalink(channel=channel, message_ts=ts)).get("permalink") or "") or None
        )
    except ChannelError:
        return None


def _call(request: Callable[[], Any], *, changes: bool = False) -> dict[str, Any]:
    doubtful = Uncertain if changes else Transient
    try:
        data = request().data
    except SlackApiError as error:
        raise channel_error(error, changes) from None
    except URLError as error:
        if isinstance(error.reason, _NOT_CONNECTED) or getattr(error.reason, "errno", None) in _NO_ROUTE:
            raise Transient(_("Slack cannot be reached. Nothing was sent.")) from None
        raise doubtful(_("The connection to Slack was lost.")) from None
    except (OSError, http.client.HTTPException, UnicodeDecodeError, ValueError):
        raise doubtful(_("Slack did not answer in time or sent an invalid response.")) from None
    except SlackClientError as error:
        raise Rejected(_("The request to Slack is not valid (%(kind)s).") % {"kind": type(error).__name__}) from None
    if not isinstance(data, dict):
        raise doubtful(_("Slack did not answer in time or sent an invalid response."))
    return data
