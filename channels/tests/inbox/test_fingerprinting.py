"""A known item is read again only if its bytes have changed, and then has the fingerprint that its adapter gives it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from channels.contract import Adapter, Config, Item
from channels.db.payloads import canonical_digest
from channels.inbox import fingerprinting
from channels.parsing import reader
from channels.parsing.work import Fingerprint
from channels.registry.finding_adapters import adapter_for, all_adapters
from channels.tests.adapters.test_contract import READABLE

ADAPTER = adapter_for("hackernews")
OTHER = b"\1" * 16
CONFIG = Config({"feed": "mentions", "phrases": ["Acme"]})


def hit(number: int, text: str = "Acme") -> Item:
    at = {"created_at": "2026-09-21T14:13:20Z", "created_at_i": 1_790_000_000}
    place = {"story_id": 48100001, "parent_id": 48100001, "_tags": ["comment", "story_48100001"]}
    (item,) = ADAPTER.split(
        {"hits": [{"objectID": str(number), "author": "ann", "comment_text": text, **at, **place}]}, CONFIG
    )
    return item


def digests(adapter: Adapter, config: Config, *items: Item) -> list[bytes]:
    """Of items that are stored with another digest."""
    return fingerprinting.digests(adapter, config, [(item, OTHER) for item in items])


@pytest.fixture(autouse=True)
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the items that were read, by a process that remembers nothing at first."""
    seen: list[str] = []
    original = reader.fingerprints

    def counted(adapter: Any, config: Config, items: list[Item], *args: Any, **options: Any) -> list[Fingerprint]:
        seen.extend(item.external_id for item in items)
        return original(adapter, config, items, *args, **options)

    monkeypatch.setattr(reader, "fingerprints", counted)
    monkeypatch.setattr(fingerprinting, "_already_read", fingerprinting.Remembered(fingerprinting.MAX_REMEMBERED))
    monkeypatch.setattr(fingerprinting, "_poison", fingerprinting.Remembered(fingerprinting.MAX_POISON))
    return seen


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_every_adapter_gives_what_is_remembered(platform: str) -> None:
    adapter = adapter_for(platform)
    for sample in (each for each in READABLE if each.platform == platform):
        config, items = sample.config(), sample.items()
        expected = [adapter.fingerprint(item, config) for item in items]
        assert digests(adapter, config, *items) == expected
        assert digests(adapter, config, *items) == expected


def test_what_comes_as_it_was_is_not_read_again(read) -> None:
    before = digests(ADAPTER, CONFIG, hit(1), hit(2))
    read.clear()
    assert digests(ADAPTER, CONFIG, hit(2), hit(3), hit(1))[::2] == before[::-1]
    assert read == ["3"]


def test_what_has_changed_is_read(read) -> None:
    (before,) = digests(ADAPTER, CONFIG, hit(1))
    (edited,) = digests(ADAPTER, CONFIG, hit(1, "Acme, edited"))
    assert read == ["1", "1"]
    assert edited != before


def test_what_is_read_differently_is_read_again(read) -> None:
    """Other phrases, another platform, or the same bytes under another id."""
    other = Config({"feed": "mentions", "phrases": ["Other"]})
    digests(ADAPTER, CONFIG, hit(1))
    digests(ADAPTER, other, hit(1))
    digests(adapter_for("lobsters"), CONFIG, hit(1))
    digests(ADAPTER, CONFIG, Item("2", hit(1).payload))
    assert read == ["1", "1", "1", "2"]


def test_what_killed_its_parser_is_not_read_twice(read, monkeypatch) -> None:
    monkeypatch.setattr(reader, "fingerprints", lambda *args, **options: [Fingerprint(None, is_lost=True)])
    whole = canonical_digest(hit(1).payload, None)
    assert digests(ADAPTER, CONFIG, hit(1)) == [whole]
    monkeypatch.setattr(
        reader, "fingerprints", lambda *args, **options: pytest.fail("it is read again") if args[2] else []
    )
    assert digests(ADAPTER, CONFIG, hit(1)) == [whole]


def test_what_is_stored_by_its_bytes_is_not_read_if_they_are_the_same(read) -> None:
    whole = canonical_digest(hit(1).payload, None)
    assert fingerprinting.digests(ADAPTER, CONFIG, [(hit(1), whole)]) == [whole]
    assert read == []


def test_the_least_recently_used_is_forgotten_first() -> None:
    kept = fingerprinting.Remembered(2)
    for key in (b"a", b"b"):
        kept.put(key, key)
    assert kept.get(b"a") == b"a"
    kept.put(b"c", b"c")
    assert [kept.get(key) for key in (b"a", b"b", b"c")] == [b"a", None, b"c"]


class EmptiedMeanwhile(OrderedDict[bytes, bytes]):
    """Another thread empties it after each step."""

    def get(self, *args: Any) -> Any:
        return self._after(super().get(*args))

    def pop(self, *args: Any) -> Any:
        return self._after(super().pop(*args))

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._after(super().__setitem__(key, value))

    def _after(self, result: Any) -> Any:
        self.clear()
        return result


def test_what_another_thread_has_removed_is_only_read_again() -> None:
    kept = fingerprinting.Remembered(2)
    kept._values = EmptiedMeanwhile()
    kept.put(b"a", b"a")
    assert kept.get(b"a") is None
    OrderedDict.__setitem__(kept._values, b"a", b"a")
    assert kept.get(b"a") == b"a"
