"""The part of a figure that one row or cell of a report shows: kept in the address of the tickets behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import tzinfo
from typing import Any

from django.db.models import BooleanField, F, Func
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from mentions.clocks.covered import is_covered_sql
from metrics.definitions import Tickets

COLUMNS = {"replied": "first_reply_at", "solved": "solved_at"}
"""The time by which a figure counts a ticket, if not the time of posting."""
MAX_DIGITS = 9
WORDS = frozenset({"platform", "release", "reason"})


@dataclass(frozen=True, slots=True)
class Part:
    """Nothing where a field is None or empty."""

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
    """A user: of the team's workload."""
    person: int | None = None
    """0: nobody in particular."""
    reason: str = ""
    """Why no reply is needed."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """For an address."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [(name, str(value)) for name, value in values if value not in (None, "")]


NO_PART = Part()
PART_KEYS = frozenset(field.name for field in fields(Part))


def read(query: Mapping[str, str]) -> Part:
    """What an address says; nonsense is nothing."""
    found: dict[str, Any] = {
        name: int(text)
        for name in PART_KEYS - WORDS
        if (text := query.get(name, "")).isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    }
    found |= {name: query.get(name, "").replace("\0", "")[:40] for name in WORDS}
    return Part(**found)


def of_tickets(tickets: Tickets, part: Part, figure: str, tz: tzinfo) -> Tickets:
    """The part of the tickets that a figure counts: weekdays and hours are those of the figure's own time."""
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
    return tickets


def weekday_of(column: str, tz: tzinfo) -> Any:
    return ExtractIsoWeekDay(column, tzinfo=tz)


def hour_of(column: str, tz: tzinfo) -> Any:
    return ExtractHour(column, tzinfo=tz)


def with_coverage(tickets: Tickets, column: str) -> Tickets:
    """With `is_covered`: within coverage hours; always, while there are none."""
    found: Tickets = tickets.annotate(is_covered=IsCovered(F(column), F("channel__team_id")))
    return found


class IsCovered(Func):
    """Whether an instant lies within a span of its team's coverage hours, or before the first of them."""

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """Columns without parameters."""
        column, team = (compiler.compile(expression)[0] for expression in self.get_source_expressions())
        return is_covered_sql(column, team), ()
