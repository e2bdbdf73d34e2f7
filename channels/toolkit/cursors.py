"""Tracks which parts of a newest-first source have been read, and the gaps. Pure.

Positions are integers that grow with time (epoch seconds, snowflake ids). Everything up to `high` is stored. A backfill
that stops half way (a limit, an error, a crash) leaves an island above `high`; `high` advances only when a read has
come down to it. Between two islands is a gap, which later polls fill.

Callers start a little below the floor of new items: indexes lag, and recent edits appear again. That overlap changes
nothing here: everything below a floor is known.

JSON form: `{"high": 5, "islands": [[30, 40], [10, 20]]}`, islands newest first, both ends stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from channels.contract import Json
from channels.toolkit.list_sources import UNKNOWN, ListSource, Quota, Read

MAX_ISLANDS = 50
"""Beyond this, the oldest are dropped and read again: a cursor must not grow without limit."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A range to read: above `floor`, up to `ceiling` (None: up to now)."""

    floor: int
    ceiling: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one source has been read."""

    high: int
    islands: tuple[tuple[int, int], ...] = ()

    def gaps(self) -> list[Gap]:
        """The missing ranges, newest first; the first is always the new items."""
        tops = [top for _, top in self.islands]
        floors = [*tops, self.high]
        ceilings: list[int | None] = [None, *(low for low, _ in self.islands)]
        return [Gap(floor, ceiling) for floor, ceiling in zip(floors, ceilings, strict=True)]

    def read(self, gap: Gap, low: int, top: int, complete: bool) -> Progress:
        """The state after a page of `gap` from `top` down to `low`; `complete`: nothing is left above the gap's floor.

        The page joins the island just above it, and the one below if the gap is closed.
        """
        complete = complete or low <= gap.floor
        islands = list(self.islands)
        above = next((i for i, (bottom, _) in enumerate(islands) if bottom == gap.ceiling), None)
        if gap.ceiling is not None and above is not None:
            low, top = min(low, islands[above][0]), max(top, islands[above][1])
            islands[above] = (low, top)
        else:
            islands.insert(0, (low, max(low, top)))
            above = 0
        if not complete:
            return Progress(self.high, tuple(islands[:MAX_ISLANDS]))
        _, top = islands.pop(above)
        if above < len(islands):
            islands[above] = (islands[above][0], max(top, islands[above][1]))
            return Progress(self.high, tuple(islands))
        return Progress(max(self.high, top), tuple(islands))

    def nothing_in(self, gap: Gap) -> Progress:
        """The state after an empty response: the gap is empty (a gap without a ceiling stays)."""
        if gap.ceiling is None:
            return self
        return self.read(gap, gap.ceiling, gap.ceiling, complete=True)

    def after(self, gap: Gap, reached: tuple[int, int] | None, is_closed: bool) -> Progress:
        """The state after a response that covers these positions (None: it was empty). `is_closed`: nothing more exists
        down to the gap's floor; a request that didn't reach that far can't tell."""
        if reached is not None:
            return self.read(gap, *reached, complete=is_closed)
        return self.nothing_in(gap) if is_closed else self

    def gap_below(self, low: int) -> Gap | None:
        """The gap whose ceiling is `low`; None inside a known range."""
        return next((gap for gap in self.gaps() if gap.ceiling == low), None)

    def older_gap(self) -> Gap | None:
        """The newest gap left by earlier reads."""
        return next(iter(self.gaps()[1:]), None)

    def to_json(self) -> Json:
        return {"high": self.high, "islands": [list(island) for island in self.islands]}


def progress_from(stored: Json, start: int) -> Progress:
    """The inverse of `to_json`; missing or invalid JSON starts at `start` (older items are just read again)."""
    try:
        islands = tuple((int(low), int(top)) for low, top in stored["islands"])
        return Progress(int(stored["high"]), islands)
    except (TypeError, ValueError, KeyError):
        return Progress(start)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One response to a request for a gap. `reached`: the lowest and highest position it covers, None if it is empty.
    `is_last`: nothing more is in the gap. `place`: where the response continues, if the platform pages that way;
    otherwise the next request ends at the lowest position."""

    items: Sequence[Any]
    reached: tuple[int, int] | None
    is_last: bool
    place: Json = None
    quota: Quota = UNKNOWN


Ask = Callable[[Gap, Json], Stretch]
"""(gap, place in its response) → the items there, newest first."""


def read_down(
    ask: Ask, progress: Progress, *, overlap: int, pages: int, down_to: int | None = None
) -> Iterator[tuple[Stretch, Progress]]:
    """Read new items, down through the overlap (or to `down_to`, if that is lower), then the gaps that earlier reads
    left; at most `pages` requests. Yields each response with the state after it; store both together."""
    gap: Gap | None = progress.gaps()[0]
    known_floor = progress.gaps()[0].floor
    requested = Gap(min(known_floor - overlap, known_floor if down_to is None else down_to), None)
    place: Json = None
    for number in range(1, pages + 1):
        page = ask(requested, place)
        if gap is not None:
            progress = progress.after(gap, page.reached, page.is_last and requested.floor <= gap.floor)
        yield page, progress
        if page.is_last:
            gap = None
        elif page.reached is not None:
            gap = progress.gap_below(page.reached[0])
        older = progress.older_gap()
        # Known items must not keep a gap from being filled.
        if gap is None and older is not None and (page.is_last or number >= pages // 2):
            gap, requested, place = older, older, None
        elif page.is_last:
            return
        else:
            place = page.place
            if place is None and page.reached is not None:
                requested = Gap(requested.floor, page.reached[0])


def newest_by_position(
    name: str, ask: Ask, start: int, *, overlap: int, pages: int, down_to: int | None = None, label: str | None = None
) -> ListSource:
    """A list that can be asked for a range of positions. `start`: the position below which a new list isn't read;
    `overlap`: how far below the known items each read goes."""

    def read(mark: Json) -> Iterator[Read]:
        progress = progress_from(mark, start)
        for page, reached in read_down(ask, progress, overlap=overlap, pages=pages, down_to=down_to):
            yield Read(page.items, reached.to_json(), page.quota)

    return ListSource(name, read, Progress(start).to_json(), label)
