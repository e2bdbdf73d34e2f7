"""Parses or fingerprints one item. Pure; runs in the child process, or here for an in-process adapter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from channels.contract import Adapter, Capability, Config, Item, Mention, digest
from channels.db.payloads import from_json
from channels.errors import Malformed
from channels.queries.matching import Query, QueryError, parse, subject_of


@dataclass(frozen=True, slots=True)
class Reading:
    """A parsed item. `mention` is None if it isn't a mention or parsing failed; then `error` says why."""

    mention: Mention | None = None
    digest: bytes = b""
    """Over the mention's content."""
    fingerprint: bytes = b""
    """The item's, if its platform has edits: a later fetch is compared with it."""
    matches: frozenset[str] = frozenset()
    """The requested queries that match it."""
    error: str = ""
    is_lost: bool = False
    """Its process was killed or died while parsing this item; `error` says how."""
    is_bug: bool = False
    """The parser raised an unexpected exception."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`digest` is None if the item can't be parsed."""

    digest: bytes | None
    is_lost: bool = False


def read_item(
    adapter: Adapter,
    config: Config,
    external_id: str,
    payload: str | bytes | None,
    raw: bytes | None,
    queries: Iterable[str],
) -> Reading:
    """Parse an item and evaluate the queries. `payload`: JSON text from the inbox. Raises only MemoryError."""
    try:
        item = Item(external_id, None if payload is None else from_json(payload), raw)
        mention = adapter.parse(item, config)
        if mention is None:
            return Reading(fingerprint=_fingerprint_after(adapter, config, item, None))
        return Reading(
            mention,
            digest(mention),
            _fingerprint_after(adapter, config, item, mention),
            _matching(queries, mention),
        )
    except Malformed as error:
        return Reading(error=str(error) or type(error).__name__)
    except MemoryError:
        raise
    except Exception as error:  # a payload must not stop the other items
        return Reading(error=f"{type(error).__name__}: {error}", is_bug=True)


def fingerprint(adapter: Adapter, config: Config, item: Item) -> Fingerprint:
    """The adapter's fingerprint of an item that may have been edited. Raises only MemoryError."""
    try:
        return Fingerprint(adapter.fingerprint(item, config))
    except MemoryError:
        raise
    except Exception:  # it's stored anyway and fails visibly at ingest
        return Fingerprint(None)


def _fingerprint_after(adapter: Adapter, config: Config, item: Item, mention: Mention | None) -> bytes:
    """The fingerprint for later comparisons; b"" if nothing will be compared with it, or if it can't be computed, which
    doesn't make the mention invalid."""
    if not adapter.can(Capability.EDITS):
        return b""
    try:
        return adapter.fingerprint_after(mention, item, config)
    except MemoryError:
        raise
    except Exception:
        return b""


def _matching(queries: Iterable[str], mention: Mention) -> frozenset[str]:
    texts = list(queries)
    if not texts:
        return frozenset()
    subject = subject_of(mention)
    return frozenset(text for text in texts if (query := _compiled(text)) is not None and query.matches(subject))


@lru_cache(maxsize=1000)
def _compiled(text: str) -> Query | None:
    try:
        return parse(text)
    except QueryError:
        return None
