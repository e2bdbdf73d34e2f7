"""Decides which message is a ticket's first reply, in Python and in SQL; a test compares the two.

The clock starts at the question, the oldest non-automatic inbound message, and stops at the first reply: the team's
oldest public message since then, wherever it was sent from. The time between the two is `metrics.reply_clock`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TimedMessage:
    """The part of a message that clocks use. `direction`: "in", "team" or "by"."""

    id: int
    direction: str
    posted_at: datetime
    is_auto: bool = False
    is_deleted: bool = False
    is_bounced: bool = False

    @property
    def is_reply(self) -> bool:
        return self.direction == "team" and not (self.is_auto or self.is_deleted or self.is_bounced)


IS_REPLY_SQL = "direction = 'team' AND NOT is_auto AND NOT is_deleted AND NOT is_bounced"


def first_reply(messages: Sequence[TimedMessage], asked_at: datetime) -> TimedMessage | None:
    """`asked_at`: when the question was posted."""
    replies = [m for m in messages if m.is_reply and m.posted_at >= asked_at]
    return min(replies, key=lambda m: (m.posted_at, m.id), default=None)


def first_reply_sql(ticket_id: str, asked_at: str) -> str:
    """A query for the first reply's id and posted_at; the arguments are SQL expressions."""
    return f"""SELECT id, posted_at FROM mentions_message
          WHERE ticket_id = {ticket_id} AND {IS_REPLY_SQL} AND posted_at >= {asked_at}
          ORDER BY posted_at, id LIMIT 1"""  # noqa: S608  (only constants of ours are filled in)
