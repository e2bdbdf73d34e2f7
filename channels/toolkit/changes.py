"""Reads lists ordered by last change, oldest first, by asking for changes since a time.

Pages advance by *time*, not by page number: an entry that changes while we read moves to the end of the list, so
entries behind it would shift across a page boundary and be missed. The platform's own next page is followed only if a
single instant fills a whole page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channels.contract import Item, Json
from channels.toolkit.list_sources import UNKNOWN, ListSource, Quota, Read

OVERLAP = timedelta(minutes=2)
"""A change becomes visible slightly after its timestamp."""


@dataclass(frozen=True, slots=True)
class Changes:
    """One response. `times` (aware UTC): when each entry last changed. `more`: whether the list continues, and `place`:
    the parameters of its next page, if there are any."""

    items: Sequence[Item]
    times: Sequence[datetime]
    more: bool
    place: Json = None
    quota: Quota = UNKNOWN


def oldest_by_time(
    name: str,
    ask: Callable[[datetime, Json, datetime], Changes],
    since: int,
    *,
    pages: int,
    step: timedelta = timedelta(0),
    label: str | None = None,
) -> ListSource:
    """`ask(since, place, floor)` requests the changes since a time, or the page at `place` of the same request.
    `floor`: where this read begins, a little before what is known. `step`: subtracted from the time if the platform
    leaves that instant out. The mark is a time, as ISO 8601; at first `since` (epoch seconds)."""
    begin = datetime.fromtimestamp(since, UTC)

    def read(mark: Json) -> Iterator[Read]:
        reached = _time(mark) or begin
        floor = reached - OVERLAP
        asked_from, place = floor, None
        for _ in range(pages):
            page = ask(asked_from, place, floor)
            newest = max(page.times, default=reached)
            reached = max(reached, newest)
            yield Read(page.items, iso(reached), page.quota)
            is_stuck = min(page.times, default=newest) == newest or newest - step <= asked_from
            if not page.more or (is_stuck and not page.place):
                return
            asked_from, place = (asked_from, page.place) if is_stuck else (newest - step, None)

    return ListSource(name, read, iso(begin), label)


def iso(at: datetime, timespec: str = "auto") -> str:
    """`2026-03-02T10:00:00Z`"""
    return at.isoformat(timespec=timespec).replace("+00:00", "Z")


def _time(mark: Json) -> datetime | None:
    try:
        at = datetime.fromisoformat(mark) if isinstance(mark, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
