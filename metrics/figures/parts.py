"""The part of a figure that one row or cell of a report shows: kept in the address of the tickets behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import tzinfo
from typing import Any

from django.db.models import BooleanField, F, Func
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from mentions.clocks import covered
from mentions.clocks.covered import is_covered_sql
from metrics.definitions import Tickets

COLUMNS = {"replied": "first_reply_at", "solved": "solved_at"}
"""The time by which a figure counts a ticket, if not the time of posting."""
MAX_DIGITS, MAX_WORDS = 9, 400
WORDS = frozenset({"platform", "release", "reason", "away"})


@dataclass(frozen=True, slots=True)
class Part:
    """A field that is None or empty limits nothing."""

    weekday: int | None = None
    """1 is Monday, as in ISO 8601."""
    hour: int | None = None
    covered: int | None = None
    """1: within coverage hours; 0: outside."""
    platform: str = ""
    release: str = ""
    """Which days of the report on release days."""
    topic: int | None = None
    """0: without a topic."""
    advocate: int | None = None
    """A user, in the report of the team's workload."""
    person: int | None = None
    """0: nobody in particular."""
    reason: str = ""
    """Why no reply is needed."""
    away: str = ""
    """Teams whose channels are not counted, such as "0,3"; 0 is the desk."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The part's fields as parameters of an address."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [(name, str(value)) for name, value in values if value not in (None, "")]


NO_PART = Part()
PART_KEYS = frozenset(field.name for field in fields(Part))


def read(query: Mapping[str, str]) -> Part:
    """Reads a URL's parameters; invalid ones are ignored."""
    found: dict[str, Any] = {name: int(text) for name in PART_KEYS - WORDS if _is_number(text := query.get(name, ""))}
    found |= {name: query.get(name, "").replace("\0", "")[:MAX_WORDS] for name in WORDS}
    return Part(**found)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def of_tickets(tickets: Tickets, part: Part, figure: str, tz: tzinfo) -> Tickets:
    """Limits tickets to this part; weekdays and hours are those of the figure's own time."""
    column = COLUMNS.get(figure, "posted_at")
    if part.weekday is not None:
        tickets = tickets.annotate(on_weekday=weekday_of(column, tz)).filter(on_weekday=part.weekday)
    if part.hour is not None:
        tickets = tickets.annotate(at_hour=hour_of(column, tz)).filter(at_hour=part.hour)
    if part.covered is not None:
        tickets = with_coverage(tickets, column).filter(is_covered=bool(part.covered))
    if part.platform:
        tickets = tickets.filter(channel__connection__platform=part.platform)
    if part.reason:
        tickets = tickets.filter(no_reply_reason=part.reason)
    if teams := [int(team) for team in part.away.split(",") if _is_number(team)]:
        tickets = tickets.exclude(covered.of_teams(teams))
    return tickets


def weekday_of(column: str, tz: tzinfo) -> Any:
    return ExtractIsoWeekDay(column, tzinfo=tz)


def hour_of(column: str, tz: tzinfo) -> Any:
    return ExtractHour(column, tzinfo=tz)


def with_coverage(tickets: Tickets, column: str) -> Tickets:
    """Adds `is_covered`: whether it is within coverage hours; always true while there are none."""
    found: Tickets = tickets.annotate(is_covered=IsCovered(F(column), F("channel__team_id")))
    return found


class IsCovered(Func):
    """Whether an instant lies within a span of its team's coverage hours, or before the first of them."""

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """Columns without parameters."""
        column, team = (compiler.compile(expression)[0] for expression in self.get_source_expressions())
        return is_covered_sql(column, team), ()
