"""What has been read of a source that answers newest first, and what is still missing. Pure.

Positions are integers that grow with time (epoch seconds, snowflake ids). Everything up to `high` is stored. A backfill
that is stopped half way (by a bound, an error or a crash) leaves an island above `high`; the mark advances only when
the reading has come down to it. Whatever lies between two islands is a gap, and later polls fill it.

Readers ask from a little below the floor of what is new: indexes lag, and what was edited lately comes again. That
overlap changes nothing here: what lies below a floor is known.

JSON form: `{"high": 5, "islands": [[30, 40], [10, 20]]}`, islands newest first, both ends stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels.contract import Json

MOST_ISLANDS = 50
"""More are forgotten, oldest first, and read again: a cursor must not grow without end."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch to read: above `floor`, and up to `ceiling` (None: up to now)."""

    floor: int
    ceiling: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one source has been read."""

    high: int
    islands: tuple[tuple[int, int], ...] = ()

    def gaps(self) -> list[Gap]:
        """What is missing, newest first; the first one is always what is new."""
        tops = [top for _, top in self.islands]
        floors = [*tops, self.high]
        ceilings: list[int | None] = [None, *(low for low, _ in self.islands)]
        return [Gap(floor, ceiling) for floor, ceiling in zip(floors, ceilings, strict=True)]

    def read(self, gap: Gap, low: int, top: int, complete: bool) -> Progress:
        """After a page of `gap` that reached from `top` down to `low`; `complete`: nothing is left above its floor.

        The page joins the island just above it, and the one below when the gap is closed.
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
            return Progress(self.high, tuple(islands[:MOST_ISLANDS]))
        _, top = islands.pop(above)
        if above < len(islands):
            islands[above] = (islands[above][0], max(top, islands[above][1]))
            return Progress(self.high, tuple(islands))
        return Progress(max(self.high, top), tuple(islands))

    def nothing_in(self, gap: Gap) -> Progress:
        """After an empty answer: the gap holds nothing (a gap that is open upwards stays where it was)."""
        if gap.ceiling is None:
            return self
        return self.read(gap, gap.ceiling, gap.ceiling, complete=True)

    def after(self, gap: Gap, reached: tuple[int, int] | None, is_closed: bool) -> Progress:
        """After an answer that reached over these positions (None: it was empty). `is_closed`: nothing more is there
        down to the floor of this gap; a question that did not ask so far down cannot say that."""
        if reached is not None:
            return self.read(gap, *reached, complete=is_closed)
        return self.nothing_in(gap) if is_closed else self

    def gap_below(self, low: int) -> Gap | None:
        """The gap that begins where a reading has come down to; None inside what is known already."""
        return next((gap for gap in self.gaps() if gap.ceiling == low), None)

    def older_gap(self) -> Gap | None:
        """The newest of the gaps that earlier readings left."""
        return next(iter(self.gaps()[1:]), None)

    def to_json(self) -> Json:
        return {"high": self.high, "islands": [list(island) for island in self.islands]}


def progress_from(stored: Json, start: int) -> Progress:
    """What was stored by `to_json`; a new or unreadable one begins at `start` (older things are only read again)."""
    try:
        islands = tuple((int(low), int(top)) for low, top in stored["islands"])
        return Progress(int(stored["high"]), islands)
    except (TypeError, ValueError, KeyError):
        return Progress(start)
