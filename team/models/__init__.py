"""The tables of the team's day."""

from team.models.calendar import CalendarEntry, CalendarFeed
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
from team.models.incident import Incident, IncidentBatch, IncidentKind, IncidentMention, IncidentReply
from team.models.meeting import Meeting, MeetingCheck, MeetingRule, validate_items
from team.models.release import Release, ReleaseRule, ReleaseSwap, validate_words
from team.models.release_room import ReleaseRoom, RoomMessage
from team.models.rota import RotaPlace
from team.models.standing_in import StandIn
from team.models.urgent import UrgentCall, UrgentPerson, UrgentPost, UrgentRule
from team.models.volunteer import PracticePass, PracticeTry, VolunteerDay, VolunteerMail, VolunteerNeed

__all__ = [
    "Absence",
    "CalendarAddress",
    "CalendarEntry",
    "CalendarFeed",
    "Contact",
    "CoverageHours",
    "Expertise",
    "ExpertiseTurn",
    "HandOver",
    "HandOverItem",
    "Holiday",
    "Incident",
    "IncidentBatch",
    "IncidentKind",
    "IncidentMention",
    "IncidentReply",
    "Meeting",
    "MeetingCheck",
    "MeetingRule",
    "PracticePass",
    "PracticeTry",
    "Release",
    "ReleaseRoom",
    "ReleaseRule",
    "ReleaseSwap",
    "RoomMessage",
    "RotaPlace",
    "Shift",
    "StandIn",
    "UrgentCall",
    "UrgentPerson",
    "UrgentPost",
    "UrgentRule",
    "VolunteerDay",
    "VolunteerMail",
    "VolunteerNeed",
    "validate_items",
    "validate_slugs",
    "validate_time_zone",
    "validate_words",
]
