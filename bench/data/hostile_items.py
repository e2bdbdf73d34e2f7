"""Hostile items: the project's own payloads, corrupted, some so that they reliably kill their parser.

Odd values anywhere, deep nesting, texts of a megabyte, lone surrogates, truncated bytes, wrong charsets, floods of
headers, MIME bombs, JSON bombs (`channels.tests.poison`). Used by `bench.hostile`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

POISON_EVERY = 400
"""One item in this many reliably kills its parser."""


def hostile_items(platform: str, count: int, rng: random.Random, *, poison_every: int) -> Iterator[Any]:
    """Each has a unique id, so none hides behind another. `poison_every`: one in so many kills its parser; 0: none."""
    from channels.contract import Item
    from channels.tests.adapters.test_contract import READABLE

    samples = [item for sample in READABLE if sample.platform == platform for item in sample.items()]
    for n in range(count):
        item = rng.choice(samples)
        ends = poison_every and n % poison_every == poison_every // 2
        payload, raw = _spoiled_payload(item.payload, rng), item.raw
        if raw is not None:
            raw, payload = _spoiled_mail(raw, rng), item.payload
        if ends:
            payload = {"was": payload, "end": _marker(rng)}
        yield Item(f"hostile-{platform}-{n}", payload, raw)


def _marker(rng: random.Random) -> str:
    from channels.tests.poisoning import marker

    return marker(rng.choice(("spin", "loop", "memory", "kill", "crash", "kill", "crash", "sleep")))


def _spoiled_payload(payload: Any, rng: random.Random) -> Any:
    from channels.tests.adapters.test_adapter_fuzz import LARGE, SMALL
    from channels.tests.mutations import put, spots

    kind = rng.random()
    if kind < 0.02:
        value: Any = rng.choice(list(LARGE.values()))
    elif kind < 0.03:
        value = _deep(rng.choice((50, 200, 400)))
    elif kind < 0.04:
        value = [[] for _ in range(rng.choice((1_000, 100_000)))]
    elif kind < 0.06:
        return rng.choice((None, [], {}, "Acme", 7, [payload], {"data": payload}))
    else:
        value = rng.choice(list(SMALL.values()))
    for _ in range(rng.randint(1, 3)):
        payload = put(payload, rng.choice(list(spots(payload, most=2))), value)
    return payload


def _deep(depth: int) -> Any:
    value: Any = "Acme"
    for n in range(depth):
        value = [value] if n % 2 else {"children": value}
    return value


def _spoiled_mail(raw: bytes, rng: random.Random) -> bytes:
    head, _, body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")
    ways = (
        lambda: raw[: rng.randint(0, len(raw))],
        lambda: bytes(rng.choice((b, b, b, b, rng.randrange(256))) for b in raw[:20_000]),
        lambda: head + b"\r\n" + b"X-Flood: a\r\n" * rng.choice((10, 5_000)) + b"\r\n" + body,
        lambda: head + b"\r\nReferences: " + b"<a@b> " * rng.choice((10, 20_000)) + b"\r\n\r\n" + body,
        lambda: head + b"\r\nSubject: " + b"=?utf-8?q?a?= " * rng.choice((10, 5_000)) + b"\r\n\r\n" + body,
        lambda: head.replace(b"utf-8", rng.choice((b"utf-7", b"nonsense", b"utf-16", b"gbk"))) + b"\r\n\r\n" + body,
        lambda: _mime_bomb(head, rng.choice((10, 200)), rng.choice((1, 20))),
        lambda: head + b"\r\n\r\n" + rng.choice((b"http://a.example/", b">", b"\xc2\xa0", b"(", b"<b>")) * 30_000,
    )
    return rng.choice(ways)()


def _mime_bomb(head: bytes, depth: int, width: int) -> bytes:
    part = b"Content-Type: text/plain\r\n\r\nAcme\r\n"
    for n in range(depth):
        edge = b"b%d" % n
        inner = b"".join(b"--" + edge + b"\r\n" + part for _ in range(width if n == depth - 1 else 1))
        part = b"Content-Type: multipart/mixed; boundary=" + edge + b"\r\n\r\n" + inner + b"--" + edge + b"--\r\n"
    return head + b"\r\n" + part
