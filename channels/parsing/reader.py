"""Parses items, hooks and files within a time and memory budget. The entry point for all parsing.

A parser marks each item it starts, so an item that kills it (time, memory, a crash) is known exactly; the other items
continue with the next parser.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _

from channels.contract import Adapter, Config, Hook, HookAnswer, Item
from channels.db.payloads import to_json
from channels.errors import Malformed, Refused, Transient
from channels.parsing import files, plain, pool, work
from channels.parsing.frames import Frame, packed
from channels.parsing.pool import Parser, ParserEnded, ParserUnavailable
from channels.parsing.work import Fingerprint, Reading

FIRST_TRY_S = 0.25
"""CPU seconds for an item's first attempt, in a batch; nearly all items need a thousandth of it. Slower ones are
retried alone with the full budget, where nobody waits."""
WALL_S = 3.0
"""Added to twice the CPU time: a parser that is neither done nor computing is blocked."""
BEGIN_WITHIN_S = 60.0
Answer = TypeVar("Answer", Reading, Fingerprint)
AHEAD = 128
AHEAD_BYTES = 1024 * 1024
TRIES_WITHOUT_CULPRIT = 3


@dataclass(frozen=True, slots=True)
class Budget:
    """One item's limits: CPU seconds, and MB of memory on top of the parser's own."""

    cpu_s: float
    memory_mb: int

    @property
    def wall_s(self) -> float:
        return 2 * self.cpu_s + WALL_S


def whole_budget() -> Budget:
    return Budget(float(settings.PARSE_SECONDS), int(settings.PARSE_MEMORY_MB))


def first_budget() -> Budget:
    """For many items in a row."""
    return Budget(min(FIRST_TRY_S, float(settings.PARSE_SECONDS)), int(settings.PARSE_MEMORY_MB))


@dataclass(frozen=True, slots=True)
class Ask:
    """An item to parse. `payload`: JSON text."""

    adapter: Adapter
    config: Config
    external_id: str
    payload: str | None
    raw: bytes | None = None
    queries: tuple[str, ...] = ()
    """Query texts to evaluate on the mention."""

    @property
    def size(self) -> int:
        return len(self.payload or "") + len(self.raw or b"")


def read(asks: Sequence[Ask], budget: Budget) -> Generator[Reading, None, None]:
    """One reading per item, in order, as they complete. Raises ParserUnavailable, which is no item's fault."""
    return _read_all(asks, budget, _PARSE)


def fingerprints(
    adapter: Adapter, config: Config, items: Sequence[Item], budget: Budget, *, max_lost: int
) -> list[Fingerprint]:
    """One fingerprint per item, in order; stops after `max_lost` items have killed their parser."""
    if not is_apart(adapter):
        return [work.fingerprint(adapter, config, item) for item in items]
    return _until_lost(_read_all([_ask(adapter, config, item) for item in items], budget, _PRINT), max_lost)


def read_items(
    adapter: Adapter, config: Config, items: Sequence[Item], budget: Budget, *, max_lost: int
) -> list[Reading]:
    """One reading per item, in order; stops after `max_lost` items have killed their parser. Raises
    ParserUnavailable."""
    return _until_lost(read([_ask(adapter, config, item) for item in items], budget), max_lost)


def _until_lost(answers: Generator[Answer, None, None], max_lost: int) -> list[Answer]:
    found: list[Answer] = []
    with closing(answers):
        for each in answers:
            found.append(each)
            if each.is_lost and sum(one.is_lost for one in found) >= max_lost:
                break
    return found


def read_item(adapter: Adapter, config: Config, item: Item) -> Reading:
    """Parse one item with the full budget."""
    return next(iter(list(read([_ask(adapter, config, item)], whole_budget()))))


def receive(adapter: Adapter, config: Config, hook: Hook, now: datetime) -> HookAnswer:
    """Verify and parse a hook. Raises Refused, Malformed, and Transient if the budget ran out: the platform may resend
    it.

    Only this needs secrets, so its parser isn't reused.
    """
    if not is_apart(adapter):
        return adapter.receive(config, hook, now)
    budget = whole_budget()
    value, blobs = plain.hook_to_plain(hook)
    got = _run_alone(
        adapter,
        config,
        budget,
        lambda context: packed(["hook", 0, context, budget.cpu_s, value, now.isoformat()], blobs),
        with_secrets=True,
    )
    if isinstance(got, str):
        raise Transient(got)
    (answer, error, words, _count), files_of_it = got
    if error:
        raise {"Refused": Refused, "Malformed": Malformed}.get(error, RuntimeError)(words)
    return plain.answer_from_plain(answer, files_of_it)


def read_file(adapter: Adapter, config: Config, data: bytes) -> tuple[list[str], list[str]]:
    """Parse a recorded file: (one JSON line per mention, problems). Each MB gets one item's CPU time."""
    if not is_apart(adapter):
        return files.records(adapter, data, config)
    whole = whole_budget()
    budget = Budget(whole.cpu_s * (1 + len(data) // 1_000_000), whole.memory_mb)
    got = _run_alone(adapter, config, budget, lambda context: packed(["file", 0, context, budget.cpu_s], [data]))
    if isinstance(got, str):
        return [], [got]
    (lines, problems, _count), _blobs = got
    return lines, problems


def is_apart(adapter: Adapter) -> bool:
    """Whether the adapter's items are parsed in a separate process: true for every adapter found by scanning. An
    adapter defined only in this process (in tests) runs here."""
    return type(adapter).__module__.startswith("channels.adapters.")


def _ask(adapter: Adapter, config: Config, item: Item) -> Ask:
    payload = None if item.payload is None else to_json(item.payload)
    return Ask(adapter, config, item.external_id, payload, item.raw)


# --- many items -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of request: its name on the wire, how to decode an answer, the result for a lost item, the in-process
    version."""

    name: str
    answer: Callable[[Any, list[bytes]], Any]
    lost: Callable[[str], Any]
    here: Callable[[Ask], Any]


def _reading(answer: Any, blobs: list[bytes]) -> Reading:
    try:
        mention, digest, print_, matches, error, is_bug, _files = answer
        found = None if mention is None else plain.mention_from_plain(mention, blobs)
        return Reading(
            found, bytes.fromhex(digest), bytes.fromhex(print_), frozenset(matches), error, is_lost=False, is_bug=is_bug
        )
    except Exception as wrong:  # an adapter's value of the wrong type that JSON accepted
        return Reading(error=f"{type(wrong).__name__}: {wrong}", is_bug=True)


_PARSE = _Kind(
    "parse",
    answer=_reading,
    lost=lambda words: Reading(error=words, is_lost=True),
    here=lambda ask: work.read_item(ask.adapter, ask.config, ask.external_id, ask.payload, ask.raw, ask.queries),
)
_PRINT = _Kind(
    "print",
    answer=lambda answer, _blobs: Fingerprint(None if answer[0] is None else bytes.fromhex(answer[0])),
    lost=lambda _words: Fingerprint(None, is_lost=True),
    here=lambda _ask: Fingerprint(None),
)


def _read_all(asks: Sequence[Ask], budget: Budget, kind: _Kind) -> Generator[Any, None, None]:
    """Use one parser after another until every item has an answer."""
    at, without_culprit = 0, 0
    lost: dict[int, str] = {}
    while at < len(asks):
        if at in lost or not is_apart(asks[at].adapter):
            yield kind.lost(lost[at]) if at in lost else kind.here(asks[at])
            at += 1
            continue
        with pool.borrowed(budget.memory_mb) as parser:
            run = _Run(parser, asks, at, min([*(n for n in lost if n > at), len(asks)]), budget, kind)
            try:
                for answer in run.answers():
                    at, without_culprit = at + 1, 0
                    yield answer
                continue
            except GeneratorExit:
                if run.is_answered:
                    return  # the caller stops after the last answer it wants: the parser is idle, not broken
                raise
            except ParserEnded as ended:
                status = parser.end()
                words = str(ended) or pool.how_it_ended(status, budget.cpu_s, budget.memory_mb)
        if (culprit := parser.at) is not None and at <= culprit < len(asks):
            lost[culprit] = words
            continue
        without_culprit += 1
        if without_culprit >= TRIES_WITHOUT_CULPRIT:
            raise ParserUnavailable(_("Parser processes exit before they start: %s") % words)


class _Run:
    """One parser's share: the items from `at` up to `end`, or up to the first item of an in-process adapter."""

    def __init__(self, parser: Parser, asks: Sequence[Ask], at: int, end: int, budget: Budget, kind: _Kind) -> None:
        self.parser, self.asks, self.end, self.budget, self.kind = parser, asks, end, budget, kind
        self.at = self.next = at
        self.contexts: dict[tuple[str, int, tuple[str, ...]], int] = {}

    @property
    def is_answered(self) -> bool:
        """Nothing that was asked is outstanding."""
        return self.at == self.next

    def answers(self) -> Generator[Any, None, None]:
        """The answers, in order. Raises ParserEnded, with a message if it was killed here."""
        while self._ask_ahead():
            frame = self._frame()
            blobs = iter(frame.blobs)
            for answer in frame.value:
                self.at += 1
                yield self.kind.answer(answer, [next(blobs) for _n in range(answer[-1])])

    def _frame(self) -> Frame:
        """The next answers. One item may take `wall_s`; starting the first may take up to `BEGIN_WITHIN_S`."""
        before, patience_s = self.parser.at, self.budget.wall_s
        since = time.monotonic()
        while (frame := self.parser.exchange(time.monotonic() + patience_s)) is None:
            now_at = self.parser.at
            if now_at is not None and now_at == before:
                raise ParserEnded(_("Reading it did not finish within %(s)g seconds.") % {"s": self.budget.wall_s})
            if now_at is None and time.monotonic() - since > BEGIN_WITHIN_S:
                raise ParserEnded(_("The parser process does not start."))
            before = now_at
        return frame

    def _ask_ahead(self) -> bool:
        """Keep items in flight; returns whether any answer is outstanding."""
        while self.next < self.end and self.next - self.at < AHEAD and len(self.parser.out) < AHEAD_BYTES:
            if not is_apart(self.asks[self.next].adapter):
                self.end = self.next
                break
            self._ask_some()
        return self.at < self.next

    def _ask_some(self) -> None:
        """Send as many items as fit into one frame: from one connection, limited in total size."""
        first, size = self.asks[self.next], 0
        items: list[list[Any]] = []
        blobs: list[bytes] = []
        begin = self.next
        for ask in self.asks[begin : min(self.end, begin + AHEAD)]:
            if items and (size > AHEAD_BYTES or ask.config is not first.config or ask.adapter is not first.adapter):
                break
            items.append([ask.external_id, ask.payload is not None, ask.raw is not None, bool(ask.queries)])
            if ask.payload is not None:
                blobs.append(ask.payload.encode("utf-8", "surrogatepass"))
            if ask.raw is not None:
                blobs.append(ask.raw)
            size += ask.size
        self.next += len(items)
        queries = next((ask.queries for ask in self.asks[begin : self.next] if ask.queries), ())
        value = [self.kind.name, begin, self._context(first, queries), self.budget.cpu_s, items]
        self.parser.out += packed(value, blobs)

    def _context(self, ask: Ask, queries: tuple[str, ...]) -> int:
        key = ask.adapter.platform, id(ask.config), queries
        if key not in self.contexts:
            self.contexts[key] = self.parser.context(ask.adapter.platform, ask.config, queries)
        return self.contexts[key]


# --- a single request ------------------------------------------------------------------------------------------------


def _run_alone(
    adapter: Adapter, config: Config, budget: Budget, frame_for: Callable[[int], bytes], *, with_secrets: bool = False
) -> tuple[Any, list[bytes]] | str:
    """(the answer, its byte strings), or a message why there is none. The parser isn't reused."""
    parser = pool.fresh(budget.memory_mb)
    words = ""
    try:
        context = parser.context(adapter.platform, config, with_secrets=with_secrets)
        parser.out += frame_for(context)
        if (frame := parser.exchange(time.monotonic() + budget.wall_s)) is not None:
            parser.end()
            return frame.value[0], frame.blobs
        words = _("Reading it did not finish within %(s)g seconds.") % {"s": budget.wall_s}
    except ParserEnded:
        pass
    return words or pool.how_it_ended(parser.end(), budget.cpu_s, budget.memory_mb)
