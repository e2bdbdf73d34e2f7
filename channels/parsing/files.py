"""A recorded file, document by document: what `inspect_payload` prints. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from channels.contract import Adapter, Config, Json, Mention, inspect_record
from channels.errors import ChannelError

BUG = "\0"
"""In front of what is a mistake of the parser, and not the adapter's own words."""


def records(adapter: Adapter, data: bytes, config: Config) -> tuple[list[str], list[str]]:
    """(a JSON line for each mention, what could not be read). Raises only MemoryError."""
    problems: list[str] = []
    lines = [line for mention in _mentions(adapter, data, config, problems) if (line := _line(mention, problems))]
    return lines, problems


def _line(mention: Mention, problems: list[str]) -> str:
    try:
        line = json.dumps(inspect_record(mention), ensure_ascii=False)
        # A lone surrogate is not UTF-8; as an escape it is JSON all the same.
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
