"""The two sides of figures that are divided by coverage hours: within them, and outside."""

from __future__ import annotations

from metrics.models import DayTally, DayTimes

COVERED, AWAY = "covered", "away"
IS = {COVERED: "covered", AWAY: "NOT covered"}
"""Side → condition."""
COUNTED = {
    DayTally.Name.SIDE_MENTIONS: "mentions",
    DayTally.Name.SIDE_ANSWERED: "answered",
    DayTally.Name.SIDE_WITHIN: "within",
    DayTally.Name.SIDE_OPEN: "open",
    DayTally.Name.SIDE_REPLIED: "replied",
}
"""Tally → the count that is divided."""
TIMED = {
    (False, COVERED): DayTimes.Measure.POSTED_COVERED,
    (False, AWAY): DayTimes.Measure.POSTED_AWAY,
    (True, COVERED): DayTimes.Measure.INGESTED_COVERED,
    (True, AWAY): DayTimes.Measure.INGESTED_AWAY,
}
"""(From arrival, side) → measure."""
