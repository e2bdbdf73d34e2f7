"""The tables of the team's day."""

from team.models.coverage import (
    Absence,
    CalendarAddress,
    Contact,
    CoverageHours,
    Holiday,
    Shift,
    validate_time_zone,
)

__all__ = [
    "Absence",
    "CalendarAddress",
    "Contact",
    "CoverageHours",
    "Holiday",
    "Shift",
    "validate_time_zone",
]
