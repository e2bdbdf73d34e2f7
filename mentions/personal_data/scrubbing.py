"""Removes a person from texts and JSON that are kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

ERASED = "[erased]"
MIN_LENGTH = 3
"""Shorter names (`Al`) match too many unrelated words."""
MIN_LINE = 4

STRUCTURE = frozenset(
    {
        *("from", "to", "status", "status_after", "status_before", "waiting_on", "wake_at", "priority", "language"),
        *("added", "removed", "tags", "reason", "macro", "kind", "by", "held", "again", "state", "channel", "no_reply"),
        *("outbound", "message", "messages", "reply", "event", "outreach", "slack", "ticket", "batch", "lost_by"),
        *("first_reply_at", "solved_at", "due_at", "assignee", "no_reply_reason", "queued_at"),
    }
)
"""Keys of an event's data with numbers, states, times or the desk's own words as values."""


class Names:
    """A person's handles, names, addresses and ids."""

    def __init__(self, names: Iterable[str], lines: Iterable[str] = ()) -> None:
        """`lines`: their text, line by line, to find quotes of it."""
        known = {name.strip() for name in names}
        self.names = sorted(
            (n for n in known if len(n) >= MIN_LENGTH and not n.startswith(ERASED)), key=len, reverse=True
        )
        self._lines = {line for line in map(_bare, lines) if len(line) >= MIN_LINE and line != ERASED}
        found = "|".join(re.escape(name) for name in self.names)
        self._pattern = re.compile(rf"(?<!\w)(?:{found})(?!\w)", re.I) if found else None

    def __bool__(self) -> bool:
        return bool(self._pattern or self._lines)

    def text(self, text: str) -> str:
        """The text without the person's names and without lines that quote them."""
        if self._lines and any(_bare(line) in self._lines for line in text.split("\n")):
            text = "\n".join(ERASED if _bare(line) in self._lines else line for line in text.split("\n"))
        return self._pattern.sub(ERASED, text) if self._pattern else text

    def json(self, value: Any) -> Any:
        """The same for every string in it, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(inner) for inner in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.json(inner) for key, inner in value.items()}
        return value


def _bare(line: str) -> str:
    return line.strip().lstrip("> \t").strip()


def structure(value: Any, key: str = "") -> Any:
    """An event's data without anything a person may have written: numbers, states, times, tag and macro names stay."""
    if isinstance(value, dict):
        kept = {k: structure(v, k) for k, v in value.items() if k in STRUCTURE}
        return {k: v for k, v in kept.items() if v is not None or value[k] is None}
    if isinstance(value, list):
        return [structure(inner, key) for inner in value]
    if not isinstance(value, str):
        return value
    return value if _is_of_the_desk(key, value) else ERASED


def _is_of_the_desk(key: str, value: str) -> bool:
    """A state, a tag, macro or Slack channel name, a time: nothing written by an outsider."""
    if key in ("macro", "channel", "added", "removed", "tags"):
        return len(value) <= 120
    return re.fullmatch(r"[\w.:-]{0,40}", value) is not None or _is_time(value)


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
