"""Resumes each room: Matrix from a server token, IRC logs from the line where the last poll ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from channels.adapters.chatlog import irc, matrix
from channels.adapters.chatlog.bursts import Change, ChatLine, advance, state_from
from channels.adapters.chatlog.parsing import is_irc
from channels.clocks import desk_now
from channels.contract import Config, Json, Page
from channels.errors import AuthFailed, Rejected
from channels.http.client import get_bytes
from channels.toolkit.list_sources import ListSource, Read, chosen, read_lists
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.values import object_of

PAGES_A_ROOM = 20
FIRST_PAGES = 5
"""How many pages (of 100 events) of a room the first poll reads."""
DAYS_AT_FIRST = 3
DAYS_A_POLL = 14

Lines = Iterator[tuple[list[ChatLine], list[Change], dict[str, Any], bool]]
"""Lines, changes, where to resume, and whether that's all for now."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    """Room by room; each room's mark holds what its next lines need."""
    return read_lists(sources(config), cursor, under="rooms")


def sources(config: Config) -> list[ListSource]:
    chosen(config.entries("phrases"), "This connection has no phrases to look for. Enter at least one.")
    return [ListSource(entry, partial(_read, config, entry)) for entry in rooms_of(config)]


def rooms_of(config: Config) -> list[str]:
    return chosen(config.entries("rooms"), "No rooms are chosen. Enter at least one.")


def _read(config: Config, entry: str, mark: Json) -> Iterator[Read]:
    known = object_of(mark)
    state = state_from(known.get("state"))
    for lines, changes, reached, is_last in _read_on(config, entry, known):
        room = {"id": str(reached["id"]), "name": entry}
        items, state = advance(state, lines, changes, config.entries("phrases"), room)
        yield Read(items, {**reached, "state": state.to_json()})
        if is_last:
            break


def _read_on(config: Config, entry: str, mark: dict[str, Any]) -> Lines:
    return _irc(config, entry, mark) if is_irc(config) else _matrix(config, entry, mark)


# --- Matrix ------------------------------------------------------------------------------------------------------


def _matrix(config: Config, entry: str, mark: dict[str, Any]) -> Lines:
    room = str(mark.get("id") or matrix.room_id(config, entry))
    token = mark.get("token")
    if isinstance(token, str):
        try:
            yield from _forwards(config, room, token)
        except matrix.TokenUnknown:
            token = None
    if not isinstance(token, str):
        events, names, token = _backwards(config, room)
        lines, changes = matrix.read(events, names)
        yield lines, changes, {"id": room, "token": token}, True


def _forwards(config: Config, room: str, token: str) -> Lines:
    for _ in range(PAGES_A_ROOM):
        page = matrix.newer(config, room, token)
        lines, changes = matrix.read(matrix.events_of({**page, "dir": "f"}), matrix.names_of(page))
        after = page.get("end")
        token = after if isinstance(after, str) and after else token
        is_last = not page.get("chunk") or not after
        yield lines, changes, {"id": room, "token": token}, is_last
        if is_last:
            return


def _backwards(config: Config, room: str) -> tuple[list[dict[str, Any]], dict[str, str], str]:
    """The latest events in chronological order, and the token after them."""
    page = matrix.latest(config, room)
    token, events, names = str(page.get("start") or ""), matrix.events_of({**page, "dir": "b"}), matrix.names_of(page)
    for _ in range(FIRST_PAGES - 1):
        before = page.get("end")
        if not page.get("chunk") or not isinstance(before, str):
            break
        page = matrix.older(config, room, before)
        events = [*matrix.events_of({**page, "dir": "b"}), *events]
        names = {**matrix.names_of(page), **names}
    return events, names, token


# --- IRC ---------------------------------------------------------------------------------------------------------


def _irc(config: Config, entry: str, mark: dict[str, Any]) -> Lines:
    """One page per day. A day without a file counts as silent, unless no file was ever found."""
    today = _today(config)
    started = date_of(mark.get("date")) or today - timedelta(days=DAYS_AT_FIRST - 1)
    done, ever = int(mark.get("line") or 0), bool(mark.get("ever"))
    days = list(irc.days_between(started, today, DAYS_A_POLL))
    missing: Rejected | None = None
    for day in days:
        after = done if day == started else 0
        try:
            lines = log_of(config, entry, day)
        except Rejected as error:
            missing, lines = error, []
        else:
            ever = True
        new = [line for line in lines if _number(line) > after]
        reached = _number(new[-1]) if new else after
        yield new, [], {"id": entry, "date": day.isoformat(), "line": reached, "ever": ever}, day == days[-1] and ever
    if missing is not None and not ever:
        raise missing


def log_of(config: Config, entry: str, day: date) -> list[ChatLine]:
    template = str(config.setting("log_address", ""))
    if not template:
        raise Rejected("No log address is set. Enter one such as https://logs.example/{channel}/{date}.txt.")
    try:
        data = get_bytes(config.network, irc.address_of(template, entry, day)).content
    except AuthFailed as error:  # logs are public, so only this file is closed
        raise NotForThis(str(error)) from error
    if day >= _today(config):
        data = data[: data.rfind(b"\n") + 1]  # the last line is still being written
    return irc.lines_of(irc.text_of(data), day, irc.log_zone(config))


def _today(config: Config) -> date:
    """Today in the logs' time zone."""
    return desk_now().astimezone(irc.log_zone(config)).date()


def _number(line: ChatLine) -> int:
    return int(line.id.rpartition("/")[2])


def date_of(text: Json) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def check(config: Config) -> str:
    entry = rooms_of(config)[0]
    if is_irc(config):
        today = _today(config)
        for day in (today, today - timedelta(days=1)):
            try:
                return f"Connected: {len(log_of(config, entry, day))} lines in {entry} on {day.isoformat()}."
            except Rejected as error:
                missing = error
        raise missing
    page = matrix.latest(config, matrix.room_id(config, entry))
    return f"Connected: {len(page.get('chunk') or [])} of the latest events of {entry} can be read."
