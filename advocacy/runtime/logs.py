"""Log output and its volume: the first of identical messages in full, then a count each minute.

While Redis or PostgreSQL is away every process logs the same error several times a second; beat alone wrote 6.5 MB in
eight minutes, which buried every other error.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

WINDOW_S = 60.0
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
MAX_REMEMBERED = 500


@dataclass
class _Seen:
    """A repeated message since `began` (monotonic clock): how often it was suppressed, and the last one."""

    began: float
    last: logging.LogRecord
    suppressed: int = 0


class FoldingHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error. Warnings and errors that differ only in values are written once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[Hashable, _Seen] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        self._tell_counts(now - WINDOW_S)
        if record.levelno < logging.WARNING:
            return super().emit(record)
        seen = self._seen.get(key := kind_of(record))
        if seen is not None:
            seen.suppressed, seen.last = seen.suppressed + 1, record
            return None
        if len(self._seen) >= MAX_REMEMBERED:
            self._tell_counts(now)
        self._seen[key] = _Seen(now, record)
        return super().emit(record)

    def close(self) -> None:
        self._tell_counts(time.monotonic())
        super().close()

    def _tell_counts(self, began_before: float) -> None:
        """Logs how many of each were suppressed, and resets the counts."""
        for key in [key for key, seen in self._seen.items() if seen.began <= began_before]:
            seen = self._seen.pop(key)
            if seen.suppressed:
                super().emit(_counted(seen))


class OneLineFormatter(logging.Formatter):
    """Outside text (a path, a URL, a platform's message) can't start a new line in the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _CONTROL.sub(lambda found: repr(found[0])[1:-1], record.message)
        return super().formatMessage(record)


def kind_of(record: logging.LogRecord) -> Hashable:
    """Equal for messages that differ only in values: the unformatted text, and for an exception its type and the line
    that raised it. Tasks are distinguished by name."""
    name = record.args.get("name") if isinstance(record.args, Mapping) else None
    return (record.name, record.levelno, str(record.msg), str(name), _raised_at(record.exc_info))


def _raised_at(exc_info: Any) -> Hashable:
    if not exc_info or exc_info[0] is None:
        return None
    traceback = exc_info[2]
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno) if traceback is not None else None
    return (exc_info[0].__qualname__, where)


def _counted(seen: _Seen) -> logging.LogRecord:
    last = seen.last
    first_line = (last.getMessage().strip().splitlines() or [""])[0]
    text = f"{seen.suppressed} more like this in the last {WINDOW_S:.0f} s: {first_line}"
    return logging.LogRecord(last.name, last.levelno, last.pathname, last.lineno, text, None, None)
