"""However a read is bounded or interrupted, everything is read in the end."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.toolkit.cursors import MAX_ISLANDS, Gap, Progress, progress_from


def test_a_first_page_that_is_all_moves_the_mark() -> None:
    start = Progress(10)
    assert start.gaps() == [Gap(10, None)]
    assert start.read(Gap(10, None), 11, 20, complete=True) == Progress(20)


def test_the_mark_waits_for_the_backfill() -> None:
    after = Progress(10).read(Gap(10, None), 15, 20, complete=False)
    assert after == Progress(10, ((15, 20),))
    assert after.gaps() == [Gap(20, None), Gap(10, 15)]
    assert after.read(Gap(10, 15), 11, 14, complete=True) == Progress(20)


def test_news_on_top_of_an_open_gap_leave_two_islands() -> None:
    waiting = Progress(10, ((15, 20),))
    after = waiting.read(Gap(20, None), 25, 30, complete=False)
    assert after.gaps() == [Gap(30, None), Gap(20, 25), Gap(10, 15)]
    joined = after.read(Gap(20, 25), 21, 24, complete=True)
    assert joined == Progress(10, ((15, 30),))
    assert joined.nothing_in(Gap(10, 15)) == Progress(30)


def test_a_closed_gap_on_top_joins_what_lies_below() -> None:
    assert Progress(10, ((15, 20),)).read(Gap(20, None), 21, 30, complete=True) == Progress(10, ((15, 30),))


def test_nothing_new_changes_nothing() -> None:
    for progress in (Progress(10), Progress(10, ((15, 20),))):
        assert progress.nothing_in(Gap(progress.gaps()[0].floor, None)) == progress


def test_a_cursor_does_not_grow_without_end() -> None:
    progress = Progress(0)
    for n in range(1, 200):
        progress = progress.read(progress.gaps()[0], n * 10, n * 10 + 1, complete=False)
    assert len(progress.islands) == MAX_ISLANDS
    assert progress.gaps()[-1] == Gap(0, progress.islands[-1][0])


def test_what_is_known_is_no_gap() -> None:
    progress = Progress(10, ((25, 30), (15, 20)))
    assert progress.gap_below(25) == Gap(20, 25)
    assert progress.gap_below(27) is None
    assert progress.older_gap() == Gap(20, 25)
    assert Progress(10).older_gap() is None


@pytest.mark.parametrize("stored", [None, {}, [], "x", 7, {"high": None}, {"high": 1}, {"high": 1, "islands": [[1]]}])
def test_an_unreadable_cursor_begins_anew(stored: object) -> None:
    assert progress_from(stored, 5) == Progress(5)


def test_a_cursor_survives_storage() -> None:
    progress = Progress(10, ((25, 30), (15, 20)))
    assert progress_from(json.loads(json.dumps(progress.to_json())), 0) == progress


@given(
    polls=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4), st.integers(1, 5)), min_size=1, max_size=12),
    overlap=st.integers(0, 4),
)
def test_everything_is_read_in_the_end(polls: list[tuple[int, int, int]], overlap: int) -> None:
    """Each poll: some posts arrive, then some pages of some size are read before it is interrupted."""
    posted: list[int] = []
    seen: set[int] = set()
    progress = Progress(0)

    def read(budget: int, size: int) -> None:
        nonlocal progress
        gap: Gap | None = progress.gaps()[0]
        floor, ceiling = progress.gaps()[0].floor - overlap, None
        for _ in range(budget):
            inside = [p for p in reversed(posted) if p > floor and (ceiling is None or p < ceiling)]
            page = inside[:size]
            seen.update(page)
            is_last = len(inside) <= size
            if gap is not None:
                reached = (min(page), max(page)) if page else None
                progress = progress.after(gap, reached, is_last and floor <= gap.floor)
            assert all(p in seen for p in posted if p <= progress.high)
            if not is_last:
                ceiling = min(page)
                gap = progress.gap_below(ceiling)
            elif (gap := progress.older_gap()) is not None:
                floor, ceiling = gap.floor, gap.ceiling
            else:
                return

    for new, budget, size in polls:
        posted += range(len(posted) + 1, len(posted) + 1 + new)
        read(budget, size)
    read(10_000, 3)
    read(10_000, 3)
    assert seen == set(posted)
    assert not progress.islands
