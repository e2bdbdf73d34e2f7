"""The names under which platforms report a message's counts, and the SQL that reads them.

Platforms name the same count differently. A count that isn't reported is unknown, not zero.
"""

from __future__ import annotations

KEYS = {
    "views": ("views", "view_count"),
    "likes": ("likes", "points", "score"),
    "shares": ("reposts",),
    "comments": ("replies", "comments", "comment_count", "num_comments", "answer_count"),
}
"""Figure → names in `Message.extra`: the first one present counts."""
NAMES = tuple(KEYS)
OF_THREADS = ("views",)
"""Counted per thread by the platforms: once per ticket, however many messages it has."""
LIMIT = 10**12
"""Larger numbers are nonsense, and would not fit."""


def count_sql(key: str, column: str) -> str:
    """A whole number under one of KEYS' names, within LIMIT; null for anything else."""
    number = f"({column} ->> '{key}')::numeric"
    kept = f"greatest(-{LIMIT}, least({LIMIT}, trunc({number})))::bigint"
    return f"CASE WHEN jsonb_typeof({column} -> '{key}') = 'number' THEN {kept} END"


def of_ticket_sql(name: str, column: str) -> str:
    """Over all messages of a ticket; null if none has it."""
    count = f"coalesce({', '.join(count_sql(key, column) for key in KEYS[name])})"
    return f"max({count})" if name in OF_THREADS else f"sum({count})"
