"""Parses recent inbox items again, to test a query on them and to show ignored mentions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels.contract import Mention
from channels.links.web_addresses import web_address
from channels.models import InboundItem
from channels.parsing import reader
from channels.queries.matching import Clause, Subject
from channels.registry.configs import ConnectionSource, source_of
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform

DAYS = 30
MAX_ITEMS = 5000
"""Items that a query test inspects, newest first."""
EXCERPT = 280
CHUNK = 200


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A mention for display. `title` and `text`: (piece, is highlighted) pairs."""

    item_id: int
    platform: str
    author: str
    at: datetime
    url: str
    title: list[tuple[str, bool]]
    text: list[tuple[str, bool]]
    why: list[str]
    kind: str = ""
    """The platform's key, for its icon."""


@dataclass(frozen=True, slots=True)
class RecentItem:
    """An inbox item, parsed again. `mention` is None if there is none; `error` is set if parsing failed."""

    item_id: int
    fetched_at: datetime
    source: ConnectionSource | None
    mention: Mention | None
    error: str = ""
    row: Any = None


def since(now: datetime) -> datetime:
    return now - timedelta(days=DAYS)


def recent(connection_ids: Iterable[int], now: datetime) -> QuerySet[InboundItem]:
    """Items with role MENTION (no context) of the last `DAYS` days, newest first, with bodies."""
    items = InboundItem.objects.filter(connection__in=connection_ids, role=InboundItem.Role.MENTION)
    return items.filter(created_at__gte=since(now)).order_by("-pk")


def read(
    items: Iterable[InboundItem], sources: dict[int, ConnectionSource | None] | None = None
) -> Iterator[RecentItem]:
    """Parse each item again, within a first attempt's budget. Never raises because of an item's content. Fills
    `sources`, a cache that later calls can reuse."""
    loaded: dict[int, ConnectionSource | None] = {} if sources is None else sources
    rows = iter(items)
    while chunk := list(islice(rows, CHUNK)):
        for row in chunk:
            if row.connection_id not in loaded:
                loaded[row.connection_id] = _source(row.connection_id)
        yield from _entries(chunk, loaded)


def _source(connection_id: int) -> ConnectionSource | None:
    try:
        return source_of(connection_id)
    except (UnknownPlatform, InvalidSettings):
        return None


def _entries(rows: list[InboundItem], sources: dict[int, ConnectionSource | None]) -> Iterator[RecentItem]:
    asks = [_ask(row, source) for row in rows if (source := sources[row.connection_id]) is not None]
    readings = reader.read(asks, reader.first_budget())
    for row in rows:
        if (source := sources[row.connection_id]) is None:
            problem = _("The connection's settings are incomplete.")
            yield RecentItem(row.pk, row.fetched_at, None, None, problem, row)
        else:
            reading = next(readings)
            yield RecentItem(row.pk, row.fetched_at, source, reading.mention, reading.error, row)


def _ask(row: InboundItem, source: ConnectionSource) -> reader.Ask:
    payload = None if row.payload is None else json.dumps(row.payload)
    raw = None if row.raw is None else bytes(row.raw)
    return reader.Ask(source.adapter, source.config, row.external_id, payload, raw)


def shown(entry: RecentItem, subject: Subject | None = None, clauses: Sequence[Clause] = ()) -> ShownItem:
    """The entry for display, with the clauses' matches highlighted and the reasons in words."""
    mention = entry.mention
    if mention is None:
        text = entry.error or _("not a mention")
        label = entry.source.adapter.label if entry.source else ""
        return ShownItem(entry.item_id, label, "", entry.fetched_at, "", [], [(text, False)], [], _platform(entry))
    author = mention.author
    title = subject.title if subject else mention.subject or ""
    thread_title = subject.thread_title if subject else mention.thread_title or ""
    return ShownItem(
        entry.item_id,
        entry.source.adapter.label if entry.source else "",
        author.handle or author.name or author.id,
        mention.posted_at or entry.fetched_at,
        web_address(mention.url or ""),
        marked(title, _spans(clauses, "title")) or marked(thread_title, _spans(clauses, "thread_title")),
        marked(subject.text if subject else mention.text, _spans(clauses, "text")),
        [words_of(clause) for clause in clauses],
        _platform(entry),
    )


def _platform(entry: RecentItem) -> str:
    return entry.source.adapter.platform if entry.source else ""


def words_of(clause: Clause) -> str:
    """A sentence for the clause of a query that decided."""
    if clause.found:
        sentence = _("%(part)s matches") if clause.wanted else _("%(part)s matches and is excluded")
    else:
        sentence = _("%(part)s is missing") if clause.wanted else _("%(part)s is absent")
    return sentence % {"part": clause.source}


def _spans(clauses: Sequence[Clause], field: str) -> list[tuple[int, int]]:
    return sorted((s.start, s.end) for clause in clauses for s in clause.spans if s.field == field)


def marked(text: str, spans: Sequence[tuple[int, int]], limit: int = EXCERPT) -> list[tuple[str, bool]]:
    """An excerpt around the first span, as (piece, is highlighted) pairs."""
    first = spans[0][0] if spans else 0
    begin = max(0, first - limit // 3) if len(text) > limit else 0
    end = begin + limit
    pieces = [("…", False)] if begin else []
    at = begin
    for start, stop in spans:
        if start >= at and stop <= end:
            pieces += [(text[at:start], False), (text[start:stop], True)]
            at = stop
    pieces.append((text[at:end], False))
    if end < len(text):
        pieces.append(("…", False))
    return [piece for piece in pieces if piece[0]]
