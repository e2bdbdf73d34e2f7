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
from team.models.expertise import Expertise, ExpertiseTurn, validate_slugs
from team.models.handover import HandOver, HandOverItem
from team.models.meeting import Meeting, MeetingCheck, MeetingRule, validate_items
from team.models.release import Release, ReleaseRule, ReleaseSwap, validate_words
from team.models.rota import RotaPlace
from team.models.urgent import UrgentCall, UrgentPerson, UrgentPost, UrgentRule

__all__ = [
    "Absence",
    "CalendarAddress",
    "Contact",
    "CoverageHours",
    "Expertise",
    "ExpertiseTurn",
    "HandOver",
    "HandOverItem",
    "Holiday",
    "Meeting",
    "MeetingCheck",
    "MeetingRule",
    "Release",
    "ReleaseRule",
    "ReleaseSwap",
    "RotaPlace",
    "Shift",
    "UrgentCall",
    "UrgentPerson",
    "UrgentPost",
    "UrgentRule",
    "validate_items",
    "validate_slugs",
    "validate_time_zone",
    "validate_words",
]
