"""What came in lately, read again: for trying a query over it, and for showing what was kept out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels.configs import Source, source_of
from channels.contract import Item, Mention
from channels.errors import Malformed
from channels.fields import InvalidSettings
from channels.links import web_address
from channels.matching import Clause, Subject
from channels.models import InboundItem
from channels.payloads import restored
from channels.registry import UnknownPlatform

logger = logging.getLogger(__name__)

DAYS = 30
MOST = 5000
"""Items that a trial looks at, the newest first."""
EXCERPT = 280


@dataclass(frozen=True, slots=True)
class Shown:
    """A mention as these pages show it. `title` and `text`: pieces, each with whether it is marked."""

    item_id: int
    platform: str
    author: str
    at: datetime
    url: str
    title: list[tuple[str, bool]]
    text: list[tuple[str, bool]]
    why: list[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """An inbox item, read again: `mention` is None where the adapter finds none; `error` where it cannot be read."""

    item_id: int
    fetched_at: datetime
    source: Source | None
    mention: Mention | None
    error: str = ""
    row: Any = None


def since(now: datetime) -> datetime:
    return now - timedelta(days=DAYS)


def recent(connection_ids: Iterable[int], now: datetime) -> QuerySet[InboundItem]:
    """Mentions (no context) of the last days, the newest first; bodies come with them."""
    items = InboundItem.objects.filter(connection__in=connection_ids, role=InboundItem.Role.MENTION)
    return items.filter(created_at__gte=since(now)).order_by("-pk")


def read(items: Iterable[InboundItem], sources: dict[int, Source | None] | None = None) -> Iterator[Entry]:
    """Each item, parsed once more. Nothing that is in it raises. `sources` is filled: pass it on to read more."""
    known: dict[int, Source | None] = {} if sources is None else sources
    for row in items:
        if row.connection_id not in known:
            known[row.connection_id] = _source(row.connection_id)
        yield _entry(row, known[row.connection_id])


def _source(connection_id: int) -> Source | None:
    try:
        return source_of(connection_id)
    except (UnknownPlatform, InvalidSettings):
        return None


def _entry(row: InboundItem, source: Source | None) -> Entry:
    if source is None:
        told = _("The settings of its connection are not complete.")
        return Entry(row.pk, row.fetched_at, None, None, told, row)
    item = Item(row.external_id, restored(row.payload), None if row.raw is None else bytes(row.raw))
    try:
        return Entry(row.pk, row.fetched_at, source, source.adapter.parse(item, source.config), "", row)
    except Malformed as error:
        return Entry(row.pk, row.fetched_at, source, None, str(error), row)
    except Exception as error:  # whatever a payload does to a parser, the page goes on
        logger.exception("Inbox item %s could not be read.", row.pk)
        return Entry(row.pk, row.fetched_at, source, None, type(error).__name__, row)


def shown(entry: Entry, subject: Subject | None = None, clauses: Sequence[Clause] = ()) -> Shown:
    """With what the clauses found marked, and the reasons in words."""
    mention = entry.mention
    if mention is None:
        text = entry.error or _("no mention")
        label = entry.source.adapter.label if entry.source else ""
        return Shown(entry.item_id, label, "", entry.fetched_at, "", [], [(text, False)], [])
    author = mention.author
    title = subject.title if subject else mention.subject or ""
    thread_title = subject.thread_title if subject else mention.thread_title or ""
    return Shown(
        entry.item_id,
        entry.source.adapter.label if entry.source else "",
        author.handle or author.name or author.id,
        mention.posted_at or entry.fetched_at,
        web_address(mention.url or ""),
        marked(title, _spans(clauses, "title")) or marked(thread_title, _spans(clauses, "thread_title")),
        marked(subject.text if subject else mention.text, _spans(clauses, "text")),
        [words_of(clause) for clause in clauses],
    )


def words_of(clause: Clause) -> str:
    """A part of a query that decided, as a sentence."""
    if clause.found:
        told = _("%(part)s is there") if clause.wanted else _("%(part)s is there, and must not be")
    else:
        told = _("%(part)s is missing") if clause.wanted else _("%(part)s is not there")
    return told % {"part": clause.source}


def _spans(clauses: Sequence[Clause], field: str) -> list[tuple[int, int]]:
    return sorted((s.start, s.end) for clause in clauses for s in clause.spans if s.field == field)


def marked(text: str, spans: Sequence[tuple[int, int]], limit: int = EXCERPT) -> list[tuple[str, bool]]:
    """The piece of the text around the first span, cut into what is marked and what is not."""
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
