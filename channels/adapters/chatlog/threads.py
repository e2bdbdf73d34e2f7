"""Reads the current lines around a conversation's first one."""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.chatlog import matrix
from channels.adapters.chatlog.bursts import ChatLine, around, changed
from channels.adapters.chatlog.fetching import date_of, log_of, rooms_of
from channels.adapters.chatlog.parsing import is_irc
from channels.contract import Config, Item
from channels.errors import Rejected


def fetch_thread(config: Config, thread_id: str) -> list[Item]:
    """The conversation's current lines, around its anchor."""
    room, _, anchor = thread_id.partition("/")
    if not anchor:
        room, anchor = rooms_of(config)[0], thread_id
    if is_irc(config):
        lines, is_start = _logged_around(config, room, anchor), True
        name = room
    else:
        rooms = rooms_of(config)
        name = rooms[0] if len(rooms) == 1 else room
        room = matrix.room_id(config, room)
        page = matrix.context(config, room, anchor)
        said, changes = matrix.read(matrix.events_of(page), matrix.names_of(page))
        lines, is_start = [changed(line, changes) for line in said], False
    return around(lines, anchor, config.entries("phrases"), {"id": room, "name": name}, from_start=is_start)


def _logged_around(config: Config, room: str, anchor: str) -> list[ChatLine]:
    """The day of the line, and the next one."""
    day = date_of(anchor.partition("/")[0])
    if day is None:
        raise Rejected(f"{anchor!r} is not a line in a log.")
    lines = log_of(config, room, day)
    try:
        return [*lines, *log_of(config, room, day + timedelta(days=1))]
    except Rejected:
        return lines
