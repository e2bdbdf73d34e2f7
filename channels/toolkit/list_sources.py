"""Reads the lists of a connection (searches, rooms, forums, feeds), with resume, bounded backfill and isolated
failures.

An adapter names its lists in `fetching.sources(config)` and reads them with `read_lists`. How a list is read depends on
how the platform pages it:

- newest first, by a place in the list (a token, the last id): `channels.toolkit.backfill.newest_by_place`
- newest first, by a range of ids or times: `channels.toolkit.cursors.newest_by_position`
- oldest change first, by time: `channels.toolkit.changes.oldest_by_time`
- otherwise: a `ListSource` with its own function
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.clocks import desk_now
from channels.contract import Config, Field, FieldKind, Item, Json, Page
from channels.errors import Rejected
from channels.toolkit.partial_failures import Parts

Quota = tuple[int | None, datetime | None]
"""Requests left, and until when (aware UTC); None if unknown."""
UNKNOWN: Quota = (None, None)
DAYS = 14
MAX_DAYS = 3650
BACKFILL_DAYS = Field("backfill_days", "Days of history", kind=FieldKind.INTEGER, default=DAYS)
"""What `backfill_start` reads."""


@dataclass(frozen=True, slots=True)
class Read:
    """One page of a list. `mark`: how far the list is read once the items are stored."""

    items: Sequence[Item]
    mark: Json
    quota: Quota = UNKNOWN


@dataclass(frozen=True, slots=True)
class ListSource:
    """One list of a connection. `name` is its key in the cursor: it never changes, or the list would be read from the
    start again."""

    name: str
    read: Callable[[Json], Iterator[Read]]
    """The pages from a mark on, bounded."""
    start: Json = None
    """The mark of a list that was never read. It's stored even if the first read fails, so the backfill loses nothing
    while a list fails."""
    label: str | None = None
    """Its label for admins, by default its name; "" if its errors name it themselves."""


def read_lists(
    sources: Iterable[ListSource],
    cursor: Json,
    *,
    under: str = "sources",
    beside: Callable[[], Mapping[str, Json]] = dict,
    apart: bool = False,
) -> Iterator[Page]:
    """The pages of each list in turn, starting with the one where the last poll stopped; stops when the quota is spent.

    A failing list doesn't block the others: it is named in the last page's `trouble`, and its mark stays. The cursor is
    `{under: {name: mark}, "parts": …}` with what `beside` returns. `apart`: see `channels.toolkit.partial_failures`.
    """
    state = cursor if isinstance(cursor, dict) else {}
    by_name = {source.name: source for source in sources}
    stored = state.get(under)
    marks = {source.name: source.start for source in by_name.values()} | (stored if isinstance(stored, dict) else {})
    parts = Parts(by_name, state.get("parts"), apart=apart)

    def reached() -> dict[str, Json]:
        return {**beside(), under: dict(marks), "parts": parts.to_json()}

    left: int | None = None
    for name in parts:
        with parts.reading(name, by_name[name].label):
            for read in by_name[name].read(marks[name]):
                marks[name] = read.mark
                left, resets_at = read.quota
                yield Page(read.items, reached(), left, resets_at)
                if left == 0:
                    break
        if left == 0:
            break
    yield from parts.end(reached())


def chosen(entries: Iterable[str], message: str) -> list[str]:
    """The admin's choice of what to read. Raises Rejected if it is empty."""
    found = list(entries)
    if not found:
        raise Rejected(message)
    return found


def backfill_start(config: Config, setting: str = "backfill_days", default: int = DAYS) -> int:
    """How far back the first read of a list goes (epoch seconds), from the admin's number of days."""
    try:
        days = int(config.setting(setting, default))
    except (TypeError, ValueError):
        days = default
    return int(desk_now().timestamp()) - 86_400 * max(1, min(MAX_DAYS, days))
