"""The four clocks of the first reply time: from posting or from arrival, in all hours or in coverage hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import DurationField, F, Func

from mentions.clocks.targets import covered_counter_sql


@dataclass(frozen=True, slots=True)
class ReplyClock:
    """`from_arrival`: starts when the mention reached the desk, instead of when it was posted. `in_coverage`: counts
    coverage hours only. An answer from before the start took no time."""

    from_arrival: bool = False
    in_coverage: bool = False

    @property
    def reply_time(self) -> ReplyTime:
        """Over tickets with a first reply."""
        start = "created_at" if self.from_arrival else "posted_at"
        team = [F("channel__team_id")] if self.in_coverage else []
        return ReplyTime(F(start), F("first_reply_at"), *team)


class ReplyTime(Func):
    """The time between two columns, at least 0; with a third, of that team's coverage hours."""

    output_field = DurationField()

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, Any]:
        """All are columns without parameters, so each may be repeated in the SQL."""
        return reply_time_sql(*(compiler.compile(expression)[0] for expression in self.get_source_expressions())), ()


def reply_time_sql(start: str, end: str, team: str = "") -> str:
    """An interval, in SQL."""
    if not team:
        return f"greatest({end} - {start}, interval '0')"
    counted = f"greatest({covered_counter_sql(end, team)} - {covered_counter_sql(start, team)}, 0)"
    return f"make_interval(secs => ({counted})::double precision)"


POSTED = ReplyClock()
CLOCKS = tuple(ReplyClock(arrival, coverage) for arrival in (False, True) for coverage in (False, True))
