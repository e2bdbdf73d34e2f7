"""What platforms call the counts of a message, and the SQL that reads one.

Platforms name the same thing differently; what they don't report is unknown, not zero.
"""

from __future__ import annotations

KEYS = {
    "views": ("views", "view_count"),
    "likes": ("likes", "points", "score"),
    "shares": ("reposts",),
    "comments": ("replies", "comments", "comment_count", "num_comments", "answer_count"),
}
"""Figure → names in `Message.extra`: the first that a message has."""
NAMES = tuple(KEYS)
OF_THREADS = ("views",)
"""Counted per thread by the platforms: once per ticket, however many messages it has."""
LIMIT = 10**12
"""Larger numbers are nonsense, and would not fit."""


def told_sql(key: str, column: str) -> str:
    """A whole number under one of KEYS' names, within LIMIT; null for anything else."""
    number = f"({column} ->> '{key}')::numeric"
    kept = f"greatest(-{LIMIT}, least({LIMIT}, trunc({number})))::bigint"
    return f"CASE WHEN jsonb_typeof({column} -> '{key}') = 'number' THEN {kept} END"


def of_ticket_sql(name: str, column: str) -> str:
    """Of all messages of a ticket together; null if none has it."""
    told = f"coalesce({', '.join(told_sql(key, column) for key in KEYS[name])})"
    return f"max({told})" if name in OF_THREADS else f"sum({told})"
