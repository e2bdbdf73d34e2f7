"""Backfill of newest-first lists: reads from the top down to known items, then resumes interrupted reads. Pure.

For lists that are paged by a position token (a fullname, a page number), called their place, and can't be queried by
time range. `channels.toolkit.cursors.Progress` records what has been read; this adds, for the lower end of each island,
the place where the list continues. Positions are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels.contract import Json
from channels.toolkit.cursors import Progress, progress_from
from channels.toolkit.list_sources import UNKNOWN, ListSource, Quota, Read

ODD_ONES = 2
"""How many entries at the end of a slice may be out of order (too old) without ending the read."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One response: its items, `times` of its entries in list order, `place` where the list continues (None: it ends
    here)."""

    items: Sequence[Any]
    times: Sequence[int]
    place: Json
    quota: Quota = UNKNOWN

    @property
    def low(self) -> int:
        return max(self.times[-1 - ODD_ONES :])

    @property
    def top(self) -> int:
        return max(self.times)


@dataclass(frozen=True, slots=True)
class Descent:
    """How far a list has been read, and where to continue below each island."""

    progress: Progress
    places: Mapping[str, Json] = field(default_factory=dict)

    def after(self, response: Slice) -> Descent:
        """The state after one more slice, read contiguously from the top or from the lower end of an island."""
        progress, low, top = self.progress, response.low, response.top
        if response.place is None:
            return self.ended(top)
        for _ in range(len(progress.islands) + 2):
            gap = next((g for g in progress.gaps() if (top > g.floor if g.ceiling is None else low < g.ceiling)), None)
            if gap is None:
                break
            progress = progress.read(gap, low, top, complete=False)
        lows = {str(bottom) for bottom, _ in progress.islands}
        places = {at: place for at, place in {**self.places, str(low): response.place}.items() if at in lows}
        return Descent(progress, places)

    def ended(self, top: int = 0) -> Descent:
        """The state after the end of the list: anything below can never be read."""
        tops = [known for _, known in self.progress.islands]
        return Descent(Progress(max(self.progress.high, top, *tops)))

    def next_gap(self) -> tuple[bool, Json]:
        """Whether earlier reads left a gap, and the place where it starts (None: reachable only from the top)."""
        gap = self.progress.older_gap()
        return (False, None) if gap is None else (True, self.places.get(str(gap.ceiling)))

    def without(self, place: Json) -> Descent:
        """The state without a place that the list has dropped: the next read reaches items below it from the top."""
        return Descent(self.progress, {at: known for at, known in self.places.items() if known != place})

    def to_json(self) -> Json:
        return {**self.progress.to_json(), "places": dict(self.places)}


def descent_from(stored: Json, start: int) -> Descent:
    """The inverse of `to_json`; missing or invalid JSON starts at `start`."""
    places = stored.get("places") if isinstance(stored, dict) else None
    return Descent(progress_from(stored, start), dict(places) if isinstance(places, dict) else {})


def descend(
    ask: Callable[[Json], Slice], descent: Descent, *, overlap_s: int, pages: int
) -> Iterator[tuple[Slice, Descent]]:
    """Read new items, down through the overlap, then the gaps that earlier reads left; at most `pages` requests.

    `ask(None)` returns the top of the list. Yields each slice with the state after it; store both together.
    """
    floor = descent.progress.gaps()[0].floor
    place: Json = None
    has_jumped = is_new_done = False
    for number in range(1, pages + 1):
        response = ask(place)
        if not response.times:
            is_end = place is not None and response.place is None and not has_jumped
            yield response, descent.without(place) if has_jumped else descent.ended() if is_end else descent
            return
        descent = descent.after(response)
        yield response, descent
        if response.place is None:
            return
        place, has_jumped = response.place, False
        # Known items must not use up all requests, or a gap would never be filled.
        is_new_done = (
            is_new_done or response.low <= floor - overlap_s or (response.low <= floor and number >= pages // 2)
        )
        if is_new_done:
            has_gap, below = descent.next_gap()
            if not has_gap:
                return
            if below is not None and below != place:
                place, has_jumped = below, True


def newest_by_place(
    name: str,
    ask: Callable[[Json, int], Slice],
    since: int,
    *,
    overlap_s: int,
    pages: int,
    label: str | None = None,
) -> ListSource:
    """A list whose next page is requested by a place in it. `ask(place, since)` returns the page that begins there
    (None: the top). `since` (epoch seconds): where a new list starts; stored with its first read. Older items are
    ignored."""

    def read(mark: Json) -> Iterator[Read]:
        stored_start = mark.get("since") if isinstance(mark, dict) else None
        start = stored_start if isinstance(stored_start, int) else since
        descent = descent_from(mark, start)
        for response, reached in descend(lambda at: ask(at, start), descent, overlap_s=overlap_s, pages=pages):
            yield Read(response.items, {**reached.to_json(), "since": start}, response.quota)

    return ListSource(name, read, {"since": since}, label)
