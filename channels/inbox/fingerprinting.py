"""Recognises known items that are unchanged, by their fingerprints: 16 bytes that change only with an edit.

Ingest takes the fingerprint of a new item when it parses it. Comparing a known item requires reading it again, and a
hostile one must not hang or kill a poller or a web process: it is read in a process that can be killed. An item that
can't be parsed has the digest of all its bytes. Most polls return the same bytes as the poll before, so a process
remembers the fingerprints it has computed, and reads only what has changed.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence

from channels.contract import Adapter, Config, Item
from channels.db.payloads import canonical_digest
from channels.parsing import plain, reader
from channels.parsing.frames import to_text
from channels.parsing.pool import ParserUnavailable
from channels.parsing.work import Fingerprint

logger = logging.getLogger(__name__)

MAX_LOST = 5
"""After this many items of a page have killed their parser, the rest of the page isn't parsed now."""
MAX_POISON = 1000
MAX_REMEMBERED = 20_000
"""About 5 MB per process: the latest pages of a hundred connections."""
_CHUNK = 200


class Remembered:
    """An LRU cache of at most `size` values. Threads of a web process share it without a lock: each step is atomic, and
    what another thread has just removed is read again."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, key: bytes) -> bytes | None:
        if (value := self._values.pop(key, None)) is not None:
            self._values[key] = value
        return value

    def put(self, key: bytes, value: bytes) -> None:
        self._values.pop(key, None)
        self._values[key] = value
        while len(self._values) > self.size:
            self._values.popitem(last=False)


_poison = Remembered(MAX_POISON)
"""Digests of items that killed a parser of this process: later polls don't parse them again."""
_already_read = Remembered(MAX_REMEMBERED)
"""Key of `_keys` → fingerprint."""


def digests(adapter: Adapter, config: Config, known: Sequence[tuple[Item, bytes]]) -> list[bytes]:
    """One digest per item, in order; the stored one if the item is unchanged. `known`: items with their stored
    digests."""
    items = [item for item, _stored in known]
    byte_digests = [canonical_digest(item.payload, item.raw) for item in items]
    is_apart = reader.is_apart(adapter)
    keys = _keys(adapter, config, items, byte_digests) if is_apart else byte_digests
    found = [
        # Equal: ingest hasn't read it yet, so its stored digest is that of its bytes, and it was fetched again
        # unchanged.
        stored if digest == stored else _already_read.get(key) or _poison.get(digest)
        for key, digest, (_item, stored) in zip(keys, byte_digests, known, strict=True)
    ]
    unknown = [index for index, digest in enumerate(found) if digest is None]
    fingerprints = _fingerprints(adapter, config, [items[index] for index in unknown])
    for index, fingerprint in zip(unknown, fingerprints, strict=True):
        found[index] = fingerprint.digest or byte_digests[index]
        if fingerprint.is_lost:
            logger.warning("%s: an item cannot be fingerprinted; it is stored as it is.", adapter.platform)
            _poison.put(byte_digests[index], byte_digests[index])
        elif fingerprint.digest is not None and is_apart:
            _already_read.put(keys[index], fingerprint.digest)
    return [digest for digest in found if digest is not None]


def _keys(adapter: Adapter, config: Config, items: Sequence[Item], byte_digests: Sequence[bytes]) -> list[bytes]:
    """A digest per item over all that its fingerprint depends on: the adapter, its config, the item's id and its
    bytes."""
    base = hashlib.blake2b(to_text([adapter.platform, plain.config_to_plain(config)]), digest_size=16)
    keys = []
    for item, digest in zip(items, byte_digests, strict=True):
        key = base.copy()
        key.update(digest + item.external_id.encode("utf-8", "surrogatepass"))
        keys.append(key.digest())
    return keys


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
