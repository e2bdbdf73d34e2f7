"""The ways to read a list: whatever interrupts it, changes or fills up a page, everything is read in the end."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from channels.contract import Config, Item, Json, Page
from channels.errors import Transient
from channels.toolkit.changes import Changes, oldest_by_time
from channels.toolkit.cursors import Gap, Stretch, newest_by_position
from channels.toolkit.list_sources import ListSource, Read, backfill_start, read_lists

SIZE = 3
MOMENT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def items(numbers: list[int]) -> list[Item]:
    return [Item(str(number)) for number in numbers]


def read(source: ListSource, mark: Json, seen: set[int], pages: int = 99) -> Json:
    for number, page in enumerate(source.read(mark), 1):
        seen |= {int(item.external_id) for item in page.items}
        mark = json.loads(json.dumps(page.mark))
        if number == pages:
            break
    return mark


# --- by position ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_token", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_ranges_that_break_off_are_all_read_in_the_end(seed: int, by_token: bool) -> None:
    random_, posts, seen = random.Random(seed), list(range(1, 40)), set[int]()

    def ask(gap: Gap, place: Json) -> Stretch:
        top = place if isinstance(place, int) else (gap.ceiling or 10**6)
        found = sorted((n for n in posts if gap.floor < n <= top), reverse=True)
        shown, is_last = found[:SIZE], len(found) <= SIZE
        token = shown[-1] - 1 if by_token and not is_last else None
        return Stretch(items(shown), (shown[-1], shown[0]) if shown else None, is_last, token)

    mark: Json = None
    for _ in range(12):
        posts += range(posts[-1] + 1, posts[-1] + 1 + random_.randrange(9))
        source = newest_by_position("posts", ask, 0, overlap=2, pages=random_.randrange(2, 9))
        mark = read(source, mark, seen, random_.randrange(1, 6))
    for _ in range(9):
        mark = read(newest_by_position("posts", ask, 0, overlap=2, pages=20), mark, seen)
    assert seen == set(posts)
    assert mark == {"high": posts[-1], "islands": []}


# --- by time --------------------------------------------------------------------------------------------------------


class Tracker:
    """Numbers with the second of their last change. Pages of `SIZE`; a place is a page's number."""

    def __init__(self, leaves_out_since: bool = False) -> None:
        self.changed: dict[int, int] = {}
        self.leaves_out_since = leaves_out_since

    def ask(self, since: datetime, place: Json, floor: datetime) -> Changes:
        assert floor <= since
        at = {n: MOMENT + timedelta(seconds=s) for n, s in self.changed.items()}
        found = sorted((n for n in at if at[n] > since or (at[n] == since and not self.leaves_out_since)), key=at.get)  # type: ignore[arg-type]
        start = SIZE * (place or 0)
        shown = found[start : start + SIZE]
        more = len(found) > start + SIZE
        return Changes(items(shown), [at[n] for n in shown], more, (place or 0) + 1)


@pytest.mark.parametrize("leaves_out_since", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_changes_while_we_read_are_not_missed(seed: int, leaves_out_since: bool) -> None:
    random_, tracker, seen = random.Random(seed), Tracker(leaves_out_since), set[int]()
    tracker.changed = {number: random_.randrange(2000) for number in range(60)}
    step = timedelta(milliseconds=1) if leaves_out_since else timedelta(0)
    source = oldest_by_time("issues", tracker.ask, int(MOMENT.timestamp()), pages=60, step=step)
    for number, page in enumerate(source.read(source.start)):
        seen |= {int(item.external_id) for item in page.items}
        tracker.changed[random_.randrange(60)] = 2000 + number  # it moves to the end
    assert seen == set(tracker.changed)


def test_an_instant_that_fills_pages_is_paged_by_place() -> None:
    tracker, seen = Tracker(), set[int]()
    tracker.changed = {**dict.fromkeys(range(10), 5), 10: 900}
    source = oldest_by_time("issues", tracker.ask, int(MOMENT.timestamp()), pages=30)
    mark = read(source, source.start, seen)
    assert seen == set(range(11))
    assert mark == "2026-03-02T10:15:00Z"


@pytest.mark.parametrize("stored", [None, "junk", 7, {}])
def test_a_mark_that_cannot_be_read_begins_at_the_start(stored: Json) -> None:
    tracker, seen = Tracker(), set[int]()
    tracker.changed = {1: -500, 2: 5}
    read(oldest_by_time("issues", tracker.ask, int(MOMENT.timestamp()), pages=3), stored, seen)
    assert seen == {2}


# --- all lists of a connection --------------------------------------------------------------------------------------


def _list(name: str, *reads: Read, fails: bool = False) -> ListSource:
    def read(mark: Json) -> Iterator[Read]:
        yield from reads
        if fails:
            raise Transient("503")

    return ListSource(name, read, {"since": 1})


def test_a_spent_quota_ends_the_poll_and_the_next_one_begins_there() -> None:
    lists = [_list("a", Read([], "a1")), _list("b", Read([], "b1", (0, MOMENT))), _list("c", Read([], "c1"))]
    *_, last = read_lists(lists, None)
    assert (last.quota_left, last.quota_resets_at) == (0, MOMENT)
    assert last.cursor["sources"] == {"a": "a1", "b": "b1", "c": {"since": 1}}
    first, *_ = read_lists(lists, last.cursor)
    assert first.quota_left == 0, "b, whose turn it was"


def test_a_list_that_fails_at_first_keeps_its_start_and_one_that_is_gone_keeps_its_mark() -> None:
    pages: list[Page] = list(read_lists([_list("a", fails=True), _list("b", Read([], 2))], {"sources": {"old": 7}}))
    assert pages[-1].trouble == "a: 503"
    assert pages[-1].cursor["sources"] == {"a": {"since": 1}, "b": 2, "old": 7}


@pytest.mark.parametrize(("days", "expected"), [(30, 30), ("3", 3), (None, 14), ("x", 14), (-5, 1), (10**9, 3650)])
def test_the_backfill_is_bounded(days: Json, expected: int) -> None:
    started = backfill_start(Config({"backfill_days": days}))
    assert abs(datetime.now(UTC).timestamp() - 86_400 * expected - started) < 5
