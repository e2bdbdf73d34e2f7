"""Reads the selected rooms, newest first down to known messages, and whole threads.

https://docs.slack.dev/reference/methods/conversations.history (limits: tier 3, about 50 a minute). Pages are requested
by time (`latest`) rather than Slack's cursor, so an interrupted read can resume even days later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from channels.adapters.slack import mrkdwn, wire
from channels.adapters.slack.client import PER_PAGE, Answer, Refusal, call, client_of, pages
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import Rejected
from channels.toolkit.cursors import Gap, Progress, Stretch, newest_by_position
from channels.toolkit.list_sources import ListSource, Read, read_lists
from channels.toolkit.partial_failures import Parts
from channels.toolkit.values import object_of

SECOND = 1_000_000
PAGES_A_ROOM = 20
OVERLAP_S = 3600
"""Messages this recent are reread at every poll: they may have been edited or given the emoji."""
REREAD_EVERY_S = 600
"""How often the last `look_back_days` are reread for later edits and emoji."""
THREAD_PAGES = 10
ROOM_PAGES = 50

Room = dict[str, str]


class Workspace:
    """One read: the client, and the people looked up so far."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.client = client_of(config)
        self.users: dict[str, dict[str, str]] = {}
        self._address: str | None = None

    @property
    def address(self) -> str:
        """The workspace URL, with a trailing slash: permalinks start with it."""
        if self._address is None:
            self._address = str(call(self.client.auth_test).get("url") or "").rstrip("/") + "/"
        return self._address

    def history(self, room: Room, gap: Gap) -> tuple[list[Answer], bool]:
        """Messages of a gap, newest first, and whether that is all of them."""
        asked: dict[str, Any] = {"channel": room["id"], "oldest": wire.ts_at(gap.floor), "limit": PER_PAGE}
        if gap.ceiling is not None:
            asked["latest"] = wire.ts_at(gap.ceiling)
        data = call(lambda: self.client.conversations_history(**asked, include_all_metadata=True))
        found = [m for m in data.get("messages") or [] if isinstance(m, dict) and wire.timestamp(m.get("ts"))]
        return found, not (data.get("has_more") and found)

    def items(self, messages: Sequence[Mapping[str, Any]], room: Room, **beside: Json) -> list[Item]:
        """With the names of authors and mentioned users."""
        made = []
        for message in messages:
            named = {str(message.get("user") or ""), *mrkdwn.people(str(message.get("text") or ""))}
            users = {user: known for user in sorted(named - {""}) if (known := self.user(user))}
            made.append(wire.item_of(message, room, {"workspace": self.address, "users": users, **beside}))
        return made

    def user(self, user_id: str) -> dict[str, str]:
        """{name, real_name}; {} if Slack doesn't show the user. Looked up once per user."""
        if user_id not in self.users:
            try:
                found = call(lambda: self.client.users_info(user=user_id)).get("user") or {}
            except Refusal:
                found = {}
            profile = found.get("profile") or {}
            named = {
                "name": str(profile.get("display_name") or found.get("name") or ""),
                "real_name": str(profile.get("real_name") or found.get("real_name") or ""),
            }
            self.users[user_id] = named if any(named.values()) else {}
        return self.users[user_id]

    def thread(
        self, room_id: str, ts: str, bound: int = THREAD_PAGES, **more: Json
    ) -> Iterator[tuple[list[Answer], bool]]:
        asked = {"channel": room_id, "ts": ts, "limit": PER_PAGE, "include_all_metadata": True, **more}
        for data, is_last in pages(lambda cursor: self.client.conversations_replies(**asked, cursor=cursor), bound):
            yield [m for m in data.get("messages") or [] if wire.timestamp(m.get("ts"))], is_last


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Room by room. Every `REREAD_EVERY_S` each room is reread over all of `look_back_days`."""
    state = _with_marks_by_entry(cursor) if isinstance(cursor, dict) else {}
    now = desk_now().timestamp()
    is_reread = now - float(state.get("reread_at") or 0) >= REREAD_EVERY_S
    rooms = Rooms(Workspace(config), state.get("rooms"), state.get("sought"))
    lists = sources(config, rooms, is_reread=is_reread)
    reached, done = state, {"reread_at": int(now)} if is_reread else {}
    for page in read_lists(lists, state, under="marks", beside=lambda: {**state, **rooms.to_json()}):
        reached = {**page.cursor, **(done if page.trouble else {})}  # a page with trouble is the last one
        yield replace(page, cursor=reached)
    if done and reached.get("reread_at") != done["reread_at"]:
        yield Page([], {**reached, **done})


def _with_marks_by_entry(cursor: Mapping[str, Json]) -> dict[str, Json]:
    """Older cursors keep the marks by the room's id, not by the admin's entry."""
    marks, rooms = cursor.get("marks") or {}, cursor.get("rooms") or {}
    moved = {key: marks[room["id"]] for key, room in rooms.items() if key not in marks and room.get("id") in marks}
    return {**cursor, "marks": {**marks, **moved}}


def sources(config: Config, rooms: Rooms | None = None, *, is_reread: bool = False) -> list[ListSource]:
    rooms = rooms or Rooms(Workspace(config))
    days = max(1, min(90, int(config.setting("look_back_days", 7))))
    start = int((desk_now().timestamp() - days * 86_400) * SECOND)
    first = Progress(start).to_json()
    return [
        ListSource(key, partial(_read, rooms, key, start, start if is_reread else None), first, rooms.shown(key))
        for key in rooms.in_order
    ]


def _read(rooms: Rooms, key: str, start: int, down_to: int | None, mark: Json) -> Iterator[Read]:
    """Looks the room up first, which may fail."""
    question = partial(_stretch, rooms.workspace, rooms.find(key))
    overlap = OVERLAP_S * SECOND
    return newest_by_position(key, question, start, overlap=overlap, pages=PAGES_A_ROOM, down_to=down_to).read(mark)


def _stretch(workspace: Workspace, room: Room, gap: Gap, place: Json) -> Stretch:
    messages, is_last = workspace.history(room, gap)
    places = [wire.position(str(m["ts"])) for m in messages]
    items = workspace.items([m for m in messages if wire.is_wanted(m, workspace.config)], room)
    return Stretch(items, (min(places), max(places)) if places else None, is_last)


class Rooms:
    """The admin's entry → {id, name}, cached. Names are looked up in the long list of all channels, so a missing one is
    only retried after a while."""

    def __init__(self, workspace: Workspace, known: Json = None, sought: Json = None) -> None:
        self.workspace = workspace
        self.wanted = {
            f"{room_id} {name}".strip(): (room_id, name) for room_id, name in wire.rooms_of(workspace.config)
        }
        if not self.wanted:
            raise Rejected("No channels are chosen. Enter at least one, by its name or id.")
        kept = object_of(known)
        self.found: dict[str, Room] = {key: kept[key] for key in self.wanted if isinstance(kept.get(key), dict)}
        before = object_of(sought)
        since = desk_now().timestamp() - REREAD_EVERY_S
        self.sought: dict[str, int] = {key: at for key, at in before.items() if key in self.wanted and at > since}
        self._by_name: dict[str, Room] | None = None

    @property
    def in_order(self) -> list[str]:
        """Known rooms before those that need a lookup."""
        return sorted(self.wanted, key=lambda key: (key not in self.found, not self.wanted[key][0]))

    def shown(self, key: str) -> str:
        room = self.found.get(key)
        return f"#{room['name'] or room['id']}" if room else key

    def find(self, key: str) -> Room:
        """Raises Rejected if there is none."""
        if key not in self.found:
            room_id, name = self.wanted[key]
            self.found[key] = described(self.workspace, room_id) if room_id else self._named(key, name)
        return self.found[key]

    def _named(self, key: str, name: str) -> Room:
        if self._by_name is None and key not in self.sought:
            self._by_name = _rooms_by_name(self.workspace)
        room = (self._by_name or {}).get(name)
        if room is None:
            self.sought.setdefault(key, int(desk_now().timestamp()))
            raise Rejected(
                f"There is no public Slack channel #{name}. If it is private, enter its id (it starts with C) and "
                "invite the app there."
            )
        return room

    def to_json(self) -> dict[str, Json]:
        return {"rooms": dict(self.found), "sought": dict(self.sought)}


def described(workspace: Workspace, room_id: str) -> Room:
    found = call(lambda: workspace.client.conversations_info(channel=room_id)).get("channel") or {}
    return {"id": room_id, "name": str(found.get("name") or "")}


def _rooms_by_name(workspace: Workspace) -> dict[str, Room]:
    """All public channels by name."""
    found: dict[str, Room] = {}
    asked: dict[str, Any] = {"limit": PER_PAGE, "exclude_archived": True, "types": "public_channel"}
    for data, _ in pages(lambda cursor: workspace.client.conversations_list(**asked, cursor=cursor), ROOM_PAGES):
        for channel in data.get("channels") or []:
            name = str(channel.get("name") or "").lower()
            found[name] = {"id": str(channel.get("id") or ""), "name": name}
    return found


def room_and_ts(workspace: Workspace, external_id: str) -> tuple[str, str]:
    """(room id, ts) of a message. Older ids without a room belong to the only possible one."""
    room, _, ts = external_id.rpartition(":")
    if room:
        return room, ts
    rooms = Rooms(workspace)
    return rooms.find(next(iter(rooms.wanted)))["id"], ts


def check(config: Config) -> str:
    workspace = Workspace(config)
    who = call(workspace.client.auth_test)
    rooms = Rooms(workspace)
    parts = Parts(rooms.wanted)
    for key in parts:
        with parts.reading(key):
            rooms.find(key)
    parts.require_all()
    outside = [room["name"] for room in rooms.found.values() if not _is_member(workspace, room["id"])]
    if outside:
        raise Rejected(f"The Slack app is not in {', '.join('#' + name for name in outside)}. Invite it there.")
    names = ", ".join("#" + room["name"] for room in rooms.found.values())
    return f"Connected: {who.get('user')} of {who.get('team')} reads {names}."


def _is_member(workspace: Workspace, room_id: str) -> bool:
    found = call(lambda: workspace.client.conversations_info(channel=room_id)).get("channel") or {}
    return found.get("is_member") is not False
