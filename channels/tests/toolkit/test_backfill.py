"""Reading down a newest-first list: whatever is interrupted, everything is read in the end."""

from __future__ import annotations

import json
import random

import pytest

from channels.contract import Json
from channels.toolkit.backfill import Descent, Slice, descend, descent_from
from channels.toolkit.cursors import Progress


class Feed:
    """Numbers, newest first, `size` per slice; a place is the number after which the list continues."""

    def __init__(self, size: int = 4) -> None:
        self.numbers: list[int] = []
        self.size = size
        self.asked: list[Json] = []

    def ask(self, place: Json) -> Slice:
        self.asked.append(place)
        start = 0 if place is None else self.numbers.index(place) + 1 if place in self.numbers else len(self.numbers)
        shown = self.numbers[start : start + self.size]
        return Slice(shown, shown, shown[-1] if shown and start + self.size < len(self.numbers) else None)


def _read(feed: Feed, descent: Descent, seen: set[int], *, pages: int = 50, breaks_after: int = 99) -> Descent:
    for number, (part, reached) in enumerate(descend(feed.ask, descent, overlap_s=2, pages=pages), 1):
        seen |= set(part.items)
        descent = descent_from(json.loads(json.dumps(reached.to_json())), 0)
        if number == breaks_after:
            break
    return descent


def test_a_list_is_read_to_its_end_and_then_only_from_its_top() -> None:
    feed, seen = Feed(), set[int]()
    feed.numbers = list(range(100, 80, -1))
    descent = _read(feed, Descent(Progress(0)), seen)
    assert seen == set(feed.numbers)
    assert descent == Descent(Progress(100))
    feed.asked.clear()
    assert _read(feed, descent, seen) == descent
    assert feed.asked == [None, 97]


def test_a_gap_is_gone_to_directly() -> None:
    feed, seen = Feed(), set[int]()
    feed.numbers = list(range(100, 50, -1))
    descent = _read(feed, Descent(Progress(0)), seen, breaks_after=5)
    assert descent.progress.islands == ((83, 100),)
    feed.asked.clear()
    feed.numbers.insert(0, 101)
    descent = _read(feed, descent, seen)
    assert feed.asked[:4] == [None, 98, 81, 77]
    assert seen == set(feed.numbers)
    assert descent == Descent(Progress(101))


def test_a_place_that_has_gone_is_forgotten_and_walked_to() -> None:
    feed, seen = Feed(), set[int]()
    feed.numbers = list(range(100, 50, -1))
    descent = _read(feed, Descent(Progress(0)), seen, breaks_after=5)
    feed.numbers.remove(81)
    descent = _read(feed, descent, seen)
    assert (descent.places, len(descent.progress.islands)) == ({}, 1)
    descent = _read(feed, descent, seen)
    assert seen >= set(feed.numbers)
    assert descent == Descent(Progress(100))


def test_an_empty_answer_at_the_top_moves_nothing() -> None:
    known = Descent(Progress(50, ((60, 70),)), {"60": 59})
    assert _read(Feed(), known, set()) == known


@pytest.mark.parametrize("stored", [None, {}, [], {"high": "x"}, {"high": 1, "islands": [[1]]}, "junk"])
def test_what_cannot_be_read_begins_anew(stored: Json) -> None:
    assert descent_from(stored, 7) == Descent(Progress(7))


@pytest.mark.parametrize("seed", range(40))
def test_breaks_bounds_and_news_lose_nothing(seed: int) -> None:
    random_, feed, seen = random.Random(seed), Feed(3), set[int]()
    feed.numbers = list(range(60, 0, -1))
    descent = Descent(Progress(0))
    for _ in range(15):
        top = feed.numbers[0]
        feed.numbers[:0] = range(top + random_.randrange(5), top, -1)
        descent = _read(feed, descent, seen, pages=random_.randrange(2, 9), breaks_after=random_.randrange(1, 9))
    for _ in range(3):
        descent = _read(feed, descent, seen)
    assert seen == set(feed.numbers)
    assert descent == Descent(Progress(feed.numbers[0]))
