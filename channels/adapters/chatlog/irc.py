"""IRC logs as plain files, one per day, in the formats of irssi, WeeChat, ZNC and similar. Pure.

Formats: https://wiki.znc.in/Log, https://irssi.org/documentation/settings/#log_timestamp,
https://weechat.org/files/doc/stable/weechat_user.en.html#logger_plugin
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channels.adapters.chatlog.bursts import ChatLine
from channels.contract import Config
from channels.errors import Rejected
from channels.toolkit.text import clean

_STAMP = re.compile(
    r"\[?(?:(?P<date>\d{4}-\d\d-\d\d)[T ])?(?P<time>\d{1,2}:\d\d(?::\d\d)?)(?:[.,]\d+)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?\]?(?=\s)"
)
_SAID = re.compile(r"\s*<[ @+%&~!]?(?P<nick>[^\s>]+)>\s?(?P<text>.*)", re.DOTALL)
_DONE = re.compile(r"\s*\*\s+(?P<nick>[^\s*]+)\s+(?P<text>.*)", re.DOTALL)
_TABBED = re.compile(r"\t(?P<nick>[^\t]*)\t(?P<text>.*)", re.DOTALL)
_NO_NICK = frozenset(("-->", "<--", "--", "=!=", "", "***", "-!-"))
_CONTROL = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|[\x00-\x08\x0b-\x1f\x7f]")


def log_zone(config: Config) -> tzinfo:
    return zone_of(str(config.setting("time_zone", "UTC")))


def zone_of(name: str) -> tzinfo:
    """Raises Rejected for an unknown zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Rejected(f"{name!r} is not a time zone. Enter one such as Europe/Berlin, or UTC.") from None


def address_of(template: str, channel: str, day: date) -> str:
    """The template with {channel} (without #), {date}, {year}, {month} and {day} filled in."""
    filled = template.replace("{channel}", quote(channel.lstrip("#"), safe="")).replace("{date}", day.isoformat())
    return filled.replace("{year}", f"{day:%Y}").replace("{month}", f"{day:%m}").replace("{day}", f"{day:%d}")


def text_of(data: bytes) -> str:
    """Decoded line by line: IRC users don't share a charset."""
    return "\n".join(_decoded(line) for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"))


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def is_log(text: str) -> bool:
    """Whether any of the first lines is a message."""
    return any(parts_of(line) for line in text.splitlines()[:200])


def lines_of(text: str, day: date | None, zone: tzinfo) -> list[ChatLine]:
    """Messages and actions; joins, parts and server notices are skipped. Ids combine the day and the line number, since
    a log only grows. If neither the lines nor the caller give the day, it is 1970-01-01."""
    found: list[ChatLine] = []
    base = day or date(1970, 1, 1)
    for number, raw in enumerate(text.split("\n"), 1):
        stamp, message = _STAMP.match(raw), parts_of(raw)
        if stamp is None or message is None:
            continue
        nick, words = message
        at = _moment(stamp, base, zone)
        if at is not None:
            own_day = stamp["date"] if stamp["date"] and day is None else base.isoformat()
            found.append(ChatLine(f"{own_day}/{number}", nick.lower(), at.timestamp(), clean(words).strip(), name=nick))
    return found


def parts_of(raw: str) -> tuple[str, str] | None:
    """(nick, text) of a message line, `* nick does` for an action."""
    raw = _CONTROL.sub("", raw.rstrip("\r"))
    stamp = _STAMP.match(raw)
    if stamp is None:
        return None
    rest = raw[stamp.end() :]
    if spoken := _SAID.fullmatch(rest):
        return spoken["nick"], spoken["text"]
    if action := _DONE.fullmatch(rest):
        return action["nick"], f"* {action['nick']} {action['text']}"
    if (tabbed := _TABBED.fullmatch(rest)) and tabbed["nick"].strip() not in _NO_NICK:
        nick = tabbed["nick"].strip()
        if nick == "*":
            who, _, did = tabbed["text"].partition(" ")
            return who, f"* {who} {did}"
        return nick.lstrip("@+%&~!") or nick, tabbed["text"]
    return None


def _moment(stamp: re.Match[str], base: date, zone: tzinfo) -> datetime | None:
    """In the log's zone unless the line states its own. In a repeated hour, the first one."""
    try:
        day = date.fromisoformat(stamp["date"]) if stamp["date"] else base
        clock = stamp["time"] if stamp["time"][2] == ":" else f"0{stamp['time']}"
        own = datetime.strptime(stamp["zone"].replace("Z", "+0000"), "%z").tzinfo if stamp["zone"] else zone
        return datetime.combine(day, time.fromisoformat(clock), own).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def days_between(first: date, last: date, max_days: int) -> Iterable[date]:
    """The days from first to last, at most `max_days` of them."""
    return [first + timedelta(days=n) for n in range(min(max_days, max(0, (last - first).days + 1)))]
