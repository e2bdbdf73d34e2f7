"""The counts of a message, as last reported by its platform. One definition counts and lists.

Platforms use different names for the same thing; a count that isn't reported is unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import BigIntegerField, Count, Func, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from mentions.models import Message
from metrics.definitions import Filters, Tickets
from metrics.figures.over_rows import fetched
from metrics.models import DayTally
from metrics.reach_keys import KEYS, NAMES, OF_THREADS, count_sql
from metrics.rollups import access, tallies

PLATFORM = "channel__connection__platform"
INBOUND = Q(direction=Message.Direction.INBOUND, is_deleted=False)
ROLLED = (DayTally.Name.VIEWS, DayTally.Name.LIKES, DayTally.Name.SHARES, DayTally.Name.COMMENTS)


class NumberInExtra(Func):
    """A whole number in `Message.extra`, within LIMIT; null for anything else."""

    output_field = BigIntegerField()

    def __init__(self, key: str, column: str = "extra") -> None:
        super().__init__(column)
        self.key = key

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """`key` is one of KEYS."""
        column, params = compiler.compile(self.get_source_expressions()[0])
        return count_sql(self.key, column), params


def count_in_extra(name: str, column: str = "extra") -> Any:
    """A message's count, from the column with the platform's data."""
    found = [NumberInExtra(key, column) for key in KEYS[name]]
    return Coalesce(*found) if len(found) > 1 else found[0]


def condition(name: str) -> Q:
    """Tickets with a message that has this count."""
    known = Message.objects.filter(INBOUND, extra__has_any_keys=list(KEYS[name])).annotate(count=count_in_extra(name))
    return Q(pk__in=known.filter(count__isnull=False, ticket__isnull=False).values("ticket"))


def of_ticket(name: str) -> Subquery:
    """The count of the ticket in the outer query; null if unknown."""
    rows = Message.objects.filter(INBOUND, ticket=OuterRef("pk")).order_by().values("ticket")
    counted = Max(count_in_extra(name)) if name in OF_THREADS else Sum(count_in_extra(name))
    return Subquery(rows.annotate(counted=counted).values("counted"))


def by_platform(tickets: Tickets) -> dict[str, dict[str, int | None]]:
    """Platform → sum of each count over its tickets, None if no message has it. One query."""
    keys = sorted({key for names in KEYS.values() for key in names})
    extra = "messages__extra"
    figures: dict[str, Any] = {
        f"n_{n}": Max(count_in_extra(n, extra)) if n in OF_THREADS else Sum(count_in_extra(n, extra)) for n in NAMES
    }
    of_messages = Q(messages__direction=Message.Direction.INBOUND, messages__is_deleted=False)
    rows = tickets.filter(of_messages, messages__extra__has_any_keys=keys).order_by()
    columns = [f"n_{name}" for name in NAMES]
    sums = ", ".join(f"sum({column})::bigint" for column in columns)
    statement = f"SELECT platform, {sums} FROM (%rows%) x (ticket, platform, {', '.join(columns)}) GROUP BY 1"  # noqa: S608
    found = fetched(rows.values("pk", PLATFORM).annotate(**figures), statement)
    return {platform: dict(zip(NAMES, values, strict=True)) for platform, *values in found}


def rolled_by_platform(filters: Filters, platforms: Mapping[int, str]) -> dict[str, dict[str, int | None]]:
    """`by_platform`, from roll-ups. `platforms`: of each channel. Two queries."""
    channels = access.channels_of(filters)
    tally = tallies.read(str(filters.period.tz), channels, filters.period, ROLLED, high=filters.high_only)
    found: dict[str, dict[str, int | None]] = {}
    for name in NAMES:
        for channel, number in tallies.by_channel(tally[name]).items():
            of_platform = found.setdefault(platforms[channel], dict.fromkeys(NAMES))
            of_platform[name] = (of_platform[name] or 0) + number
    return found


def people_by_platform(tickets: Tickets) -> dict[str, tuple[int, int]]:
    """Platform → tickets and their requesters, each once. One query."""
    statement = """SELECT n.platform, sum(x.number)::bigint, count(DISTINCT who)
        FROM (%rows%) x (channel, who, number) JOIN channels_channel c ON c.id = channel
        JOIN channels_connection n ON n.id = c.connection_id GROUP BY 1"""
    found = fetched(tickets.values("channel_id", "requester").annotate(number=Count("pk")).order_by(), statement)
    return {platform: (number, people) for platform, number, people in found}
