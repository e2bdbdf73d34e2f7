"""Parses a recorded file, document by document, for `inspect_payload`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from channels.contract import Adapter, Config, Json, Mention, inspect_record
from channels.errors import ChannelError

BUG = "\0"
"""Prefix of a problem that is a parser bug, not an adapter's message."""


def records(adapter: Adapter, data: bytes, config: Config) -> tuple[list[str], list[str]]:
    """(one JSON line per mention, problems). Raises only MemoryError."""
    problems: list[str] = []
    lines = [line for mention in _mentions(adapter, data, config, problems) if (line := _line(mention, problems))]
    return lines, problems


def _line(mention: Mention, problems: list[str]) -> str:
    try:
        line = json.dumps(inspect_record(mention), ensure_ascii=False)
        # UTF-8 can't encode a lone surrogate, but an escape is valid JSON.
        return line.encode("utf-8", "backslashreplace").decode()
    except MemoryError:
        raise
    except Exception as error:
        problems.append(_words(error))
        return ""


def _mentions(adapter: Adapter, data: bytes, config: Config, problems: list[str]) -> Iterator[Mention]:
    for document in _documents(adapter, data, config, problems):
        try:
            items = adapter.split(document, config)
        except MemoryError:
            raise
        except Exception as error:
            problems.append(_words(error))
            continue
        for item in items:
            try:
                mention = adapter.parse(item, config)
            except MemoryError:
                raise
            except Exception as error:
                problems.append(_words(error))
                continue
            if mention is not None:
                yield mention


def _documents(adapter: Adapter, data: bytes, config: Config, problems: list[str]) -> Iterator[Json]:
    try:
        yield from adapter.documents(data, config)
    except MemoryError:
        raise
    except Exception as error:
        problems.append(_words(error))


def _words(error: Exception) -> str:
    if isinstance(error, ChannelError):
        return str(error) or type(error).__name__
    return f"{BUG}{type(error).__name__}: {error}"
