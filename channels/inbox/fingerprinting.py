"""Fingerprints of items that are already known: 16 bytes that change only when the content is edited.

Ingest takes the fingerprint of a new item when it parses it. Comparing a known item requires reading it again, and a
hostile one must not hang or kill a poller or a web process: it is read in a process that can be killed. An item that
can't be parsed has the digest of all its bytes.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence

from channels.contract import Adapter, Config, Item
from channels.db.payloads import canonical_digest
from channels.parsing import reader
from channels.parsing.pool import ParserUnavailable
from channels.parsing.work import Fingerprint

logger = logging.getLogger(__name__)

MAX_LOST = 5
"""After this many items of a page have killed their parser, the rest of the page isn't parsed now."""
MAX_KNOWN = 1000
_CHUNK = 200
_poison: OrderedDict[bytes, None] = OrderedDict()
"""Digests of items that killed a parser of this process: later polls don't parse them again."""


def digests(adapter: Adapter, config: Config, items: Sequence[Item]) -> list[bytes]:
    """One digest per item, in order."""
    whole = {id(item): canonical_digest(item.payload, item.raw) for item in items} if _poison else {}
    tried = [item for item in items if whole.get(id(item)) not in _poison]
    found = dict(zip(map(id, tried), _fingerprints(adapter, config, tried), strict=True))
    result = []
    for item in items:
        print_ = found.get(id(item), Fingerprint(None))
        digest = print_.digest or whole.get(id(item)) or canonical_digest(item.payload, item.raw)
        if print_.is_lost:
            _remember(digest, adapter)
        result.append(digest)
    return result


def _fingerprints(adapter: Adapter, config: Config, items: Sequence[Item]) -> list[Fingerprint]:
    found: list[Fingerprint] = []
    while len(found) < len(items):
        if sum(each.is_lost for each in found) >= MAX_LOST:
            return found + [Fingerprint(None)] * (len(items) - len(found))
        chunk = items[len(found) : len(found) + _CHUNK]
        try:
            found += reader.fingerprints(adapter, config, chunk, reader.first_budget(), max_lost=MAX_LOST)
        except ParserUnavailable as error:
            logger.error("%s: items are stored without a fingerprint. %s", adapter.platform, error)
            found += [Fingerprint(None)] * len(chunk)
    return found


def _remember(digest: bytes, adapter: Adapter) -> None:
    logger.warning("%s: an item cannot be fingerprinted; it is stored as it is.", adapter.platform)
    _poison[digest] = None
    while len(_poison) > MAX_KNOWN:
        _poison.popitem(last=False)
