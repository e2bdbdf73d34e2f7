"""First reply times beside those of another period, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from metrics.figures.first_reply import FirstReply


@dataclass(frozen=True, slots=True)
class Pair:
    """`before` is None if the desk didn't exist for all of the days compared with: unknown, not zero."""

    now: FirstReply
    before: FirstReply | None


def pairs(now: Sequence[FirstReply], before: Sequence[FirstReply] | None) -> list[Pair]:
    """Pairs of channels, by name; a channel with mentions in only one of the periods has none in the other."""
    if before is None:
        return [Pair(row, None) for row in now]
    rows, ago = ({row.channel_id: row for row in found} for found in (now, before))
    every = [Pair(rows.get(key) or _empty(ago[key]), ago.get(key) or _empty(rows[key])) for key in {**rows, **ago}]
    return sorted(every, key=lambda pair: (pair.now.label, pair.now.channel_id or 0))


def _empty(row: FirstReply) -> FirstReply:
    """The same channel without a mention."""
    found = replace(row, mentions=0, answered=0, within=0, overdue=0, in_time=0, unsettled=0, no_reply=0)
    return replace(found, median=None, p75=None, p90=None, lag=None)
