"""Decides which items of a page are mentions before they are stored: for streams that the desk filters itself, and for
items that must not be kept. A poll parses them in a process that can be stopped (`channels.polling.parsing_apart`).
Items that cannot be parsed are kept: ingest tries them with its whole budget, and shows them as unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from channels.contract import Config, Item, Mention
from channels.errors import Malformed

Parse = Callable[[Item, Config], Mention | None]


class Unreadable(Exception):
    """Placeholder for the mention of an item that cannot be parsed or crashed its parser."""


Found = Mention | Unreadable | None
Apart = Callable[[Sequence[Item], Config], Sequence[Found]]
_apart: ContextVar[Apart | None] = ContextVar("parse_apart", default=None)


@contextmanager
def parsed_by(read: Apart) -> Iterator[None]:
    """Inside the block, items are parsed by `read` instead of in this process."""
    before = _apart.set(read)
    try:
        yield
    finally:
        _apart.reset(before)


def found_in(items: Iterable[Item], parse: Parse, config: Config) -> list[tuple[Item, Found]]:
    """Each item with its mention, or None if it isn't one."""
    candidates, read = list(items), _apart.get()
    found = read(candidates, config) if read is not None else [_here(item, parse, config) for item in candidates]
    return list(zip(candidates, found, strict=True))


def _here(item: Item, parse: Parse, config: Config) -> Found:
    try:
        return parse(item, config)
    except Malformed as error:
        return Unreadable(str(error))


def wanted(items: Iterable[Item], parse: Parse, config: Config) -> list[Item]:
    """The mentions among them, and items that cannot be parsed."""
    return [item for item, found in found_in(items, parse, config) if found is not None]
