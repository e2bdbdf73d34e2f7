"""What a parser does with one item, one hook, one file. Pure; runs in the child, or where the adapter is only there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from channels.contract import Adapter, Config, Item, Mention, digest
from channels.db.payloads import from_json
from channels.errors import Malformed
from channels.queries.matching import Query, QueryError, parse, subject_of


@dataclass(frozen=True, slots=True)
class Reading:
    """What an item holds. `mention` is None where it's no mention, or couldn't be read: then `error` says why."""

    mention: Mention | None = None
    digest: bytes = b""
    """Over the content of the mention."""
    matches: frozenset[str] = frozenset()
    """Those of the queries that were asked which match it."""
    error: str = ""
    is_lost: bool = False
    """The process was stopped, or died, while it read this item: `error` says how."""
    is_bug: bool = False
    """The parser failed in a way that no parser should."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`digest` is None for an item that cannot be read."""

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
    """`payload`: JSON text, as the inbox holds it. Raises only MemoryError."""
    try:
        mention = adapter.parse(Item(external_id, None if payload is None else from_json(payload), raw), config)
        if mention is None:
            return Reading()
        return Reading(mention, digest(mention), _matching(queries, mention))
    except Malformed as error:
        return Reading(error=str(error) or type(error).__name__)
    except MemoryError:
        raise
    except Exception as error:  # whatever a payload does to a parser, the other items go on
        return Reading(error=f"{type(error).__name__}: {error}", is_bug=True)


def fingerprint(adapter: Adapter, config: Config, item: Item) -> Fingerprint:
    """Raises only MemoryError."""
    try:
        return Fingerprint(adapter.fingerprint(item, config))
    except MemoryError:
        raise
    except Exception:  # it's stored all the same, and fails visibly when it's ingested
        return Fingerprint(None)


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
