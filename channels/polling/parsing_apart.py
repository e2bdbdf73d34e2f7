"""Parses items in a process that can be killed, within a small budget, while an adapter fetches."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial

from channels.contract import Adapter, Config, Item
from channels.errors import Transient
from channels.parsing import reader
from channels.parsing.pool import ParserUnavailable
from channels.parsing.work import Reading
from channels.toolkit import screening
from channels.toolkit.screening import Found, Unreadable

MAX_LOST = 5
"""After this many items of a page have killed their parser, the rest of the page is left to ingest."""


def parsing_apart(adapter: Adapter) -> AbstractContextManager[None]:
    """A context in which the adapter's items are parsed in a separate process; use it while the adapter fetches."""
    return screening.parsed_by(partial(_read, adapter))


def _read(adapter: Adapter, items: Sequence[Item], config: Config) -> list[Found]:
    """Raises Transient if no parser can be started."""
    try:
        found = reader.read_items(adapter, config, items, reader.first_budget(), max_lost=MAX_LOST)
    except ParserUnavailable as error:
        raise Transient(str(error)) from error
    untried: list[Found] = [Unreadable("not tried")] * (len(items) - len(found))
    return [_found(reading) for reading in found] + untried


def _found(reading: Reading) -> Found:
    return Unreadable(reading.error) if reading.error else reading.mention
