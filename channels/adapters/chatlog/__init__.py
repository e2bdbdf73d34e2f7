"""Logged chats: Matrix rooms (including Gitter) and IRC channels, searched for lines that name us.

https://spec.matrix.org/latest/client-server-api/#get_matrixclientv3roomsroomidmessages
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.chatlog import matrix
from channels.contract import Adapter, Capability, Field, FieldKind


class ChatLog(Adapter):
    """Chat logs. Replies are written in the chat itself and recognised when they are read."""

    platform = "chatlog"
    label = "Chat (IRC, Matrix)"
    answering = (
        "Answer in the room, from your own nick, and write theirs first so that they notice.",
        "They may have left the room since. If it takes a while, say at once that you are looking into it.",
    )
    aliases = ("irc", "matrix", "gitter")
    fields = (
        Field(
            "format",
            "Kind of chat",
            kind=FieldKind.CHOICE,
            default="matrix",
            choices=(("matrix", "Matrix (Gitter)"), ("irc", "IRC logs")),
        ),
        Field(
            "rooms",
            "Rooms",
            "One per line. Matrix: an alias such as #acme:matrix.org, or an id (!…). IRC: a channel such as #acme.",
            FieldKind.LIST,
        ),
        Field("phrases", "Phrases", "One per line; found as whole words, in any case.", FieldKind.LIST),
        Field("own_nicks", "Our own accounts", "Our nicks or Matrix ids, one per line.", FieldKind.LIST),
        Field("api_base", "Homeserver", "Matrix only.", FieldKind.URL, default=matrix.HOME),
        Field("web_base", "Link target", "Matrix only.", FieldKind.URL, default=matrix.LINKS),
        Field(
            "log_address",
            "Log address",
            "IRC only: with {channel} (without #) and {date}, or {year}, {month} and {day}, such as "
            "https://logs.example/{channel}/{date}.txt.",
            FieldKind.URL,
        ),
        Field("time_zone", "Log time zone", "IRC only, such as Europe/Berlin.", default="UTC"),
        Field("network", "Network name", "IRC only, such as libera.chat. Must not change later."),
        Field("access_token", "Access token", "Matrix only. From an account that is in the rooms.", FieldKind.SECRET),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=7)
