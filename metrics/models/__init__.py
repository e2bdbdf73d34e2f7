"""The tables: roll-ups, alerts, packages, exports."""

from metrics.models.reporting import Alert, ExportRun, Package, PackageFile, ReportMessage
from metrics.models.rollups import (
    Cell,
    ChangedHour,
    ChangedTicket,
    DayCount,
    DayTally,
    DayTimes,
    RolledZone,
)

__all__ = [
    "Alert",
    "Cell",
    "ChangedHour",
    "ChangedTicket",
    "DayCount",
    "DayTally",
    "DayTimes",
    "ExportRun",
    "Package",
    "PackageFile",
    "ReportMessage",
    "RolledZone",
]
