"""Which switches of two jobs lead to the same: the first job stops before one statement or before the next, and what
it does in between is nothing to what the other one has done.

Judged by tables, never by rows, and doubts count as a conflict. A write also touches what triggers write, and shares
the rows that its foreign keys refer to. Uncommitted writes are seen by nobody, but their locks are met; a commit shows
all writes of its transaction and lets go what it held, and so does a rollback.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from django.db import connection

COMMIT, ROLLBACK, END = "COMMIT", "ROLLBACK", "END"
_LOCKING = re.compile(r"FOR (NO KEY )?UPDATE|FOR (KEY )?SHARE", re.IGNORECASE)
_WRITING = re.compile(r"\b(INSERT|UPDATE|DELETE|TRUNCATE)\b", re.IGNORECASE)
_NOTHING = re.compile(r"\s*(SAVEPOINT|RELEASE SAVEPOINT|SET )", re.IGNORECASE)
_OF_NO_TABLE = re.compile(r"\bpg_control_system\b|\bnextval\(")
"""What it gives is the same for everybody, or never the same twice."""
_PREPARING = re.compile(r"\s*PREPARE (\w+)", re.IGNORECASE)
_EXECUTING = re.compile(r"\bEXECUTE (\w+)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
ADVISORY = "advisory locks"
_prepared: dict[str, str] = {}
"""Name → the whole statement that prepares it; of all connections, since the name is a digest of the statement."""


@dataclass(slots=True)
class Step:
    """What a job did. `is_open`: in a transaction; `is_place`: the job can be stopped before it; `outside`: what there
    was outside the database before it; `rows`: how many it found or changed."""

    sql: str
    is_open: bool
    is_place: bool
    outside: object
    rows: int = 0


@dataclass(slots=True)
class Touched:
    """Names of tables. `shares`: of rows that a foreign key refers to."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    locks: set[str] = field(default_factory=set)
    shares: set[str] = field(default_factory=set)
    is_anything: bool = False
    """Nobody can say what."""

    def add(self, other: Touched) -> None:
        for name in ("reads", "writes", "locks", "shares"):
            getattr(self, name).update(getattr(other, name))
        self.is_anything = self.is_anything or other.is_anything


def note_prepared(sql: str) -> None:
    if found := _PREPARING.match(sql):
        _prepared[found[1]] = sql


def alike_places(steps: Sequence[Step], at: int, other: Sequence[Step], *, is_blocked: bool) -> int:
    """How many places that follow number `at` lead to the same as it does; one more than there are if its end does,
    too. `steps`: all that the first job did, and its end; `other`: what the second had done when the first went on,
    without the statement that waits if `is_blocked`."""
    places = [number for number, step in enumerate(steps) if step.is_place]
    if len({str(step.outside) for step in other}) > 1:
        return 0
    theirs = _all_of(other)
    for count, (begin, end) in enumerate(pairwise([*places[at:], len(steps) - 1])):
        if not _commute(steps, begin, end, theirs, is_blocked):
            return count
    return len(places) - at


def _commute(steps: Sequence[Step], begin: int, end: int, theirs: Touched, is_blocked: bool) -> bool:
    part = steps[begin:end]
    if any(str(step.outside) != str(steps[end].outside) for step in part):
        return False
    ends = any(step.sql in (COMMIT, ROLLBACK) or step.sql.startswith("ROLLBACK") for step in part)
    if is_blocked and ends:
        return False
    ours = _all_of(part)
    if ours.is_anything or theirs.is_anything:
        return False
    visible = _visible(steps, begin, end)
    if visible is None or visible & (theirs.reads | theirs.writes | theirs.locks | theirs.shares):
        return False
    is_met = (ours.locks | ours.shares) & theirs.locks or ours.locks & theirs.shares
    return not is_met and not ours.reads & theirs.writes


def _visible(steps: Sequence[Step], begin: int, end: int) -> set[str] | None:
    """What others see changed by these steps; None if a rollback undoes more than they did."""
    seen: set[str] = set()
    for number in range(begin, end):
        step = steps[number]
        if step.sql.startswith(ROLLBACK):
            return None
        if step.sql == COMMIT:
            touched = _all_of(steps[_began(steps, number) : number])
            seen |= touched.writes | touched.locks | touched.shares
        elif not step.is_open:
            seen |= touched_by(step.sql).writes
    return seen


def _began(steps: Sequence[Step], number: int) -> int:
    """Where the transaction began that ends at `number`, or earlier."""
    return next((n + 1 for n in range(number - 1, -1, -1) if steps[n].sql in (COMMIT, ROLLBACK)), 0)


def _all_of(steps: Sequence[Step]) -> Touched:
    found = Touched()
    for step in steps:
        found.add(touched_by(step.sql))
    return found


@cache
def touched_by(sql: str) -> Touched:
    """By one statement, or several in one string."""
    found = Touched()
    if sql in (COMMIT, ROLLBACK, END) or _NOTHING.match(sql) or _PREPARING.match(sql):
        return found
    names = _EXECUTING.findall(sql)
    if any(name not in _prepared for name in names):
        return Touched(is_anything=True)
    whole = "\n".join([sql, *(_prepared[name] for name in names)])
    tables = _tables()
    named = set(_WORD.findall(whole)) & tables.names
    found.reads |= named
    if "pg_advisory" in whole or "pg_try_advisory" in whole:
        found.locks.add(ADVISORY)
    if _WRITING.search(_LOCKING.sub("", whole)):
        for table in named:
            found.writes |= tables.written_with[table]
        found.reads |= found.writes
        found.shares |= {other for table in found.writes for other in tables.referred.get(table, ())}
    if found.writes or _LOCKING.search(whole):
        found.locks |= named | found.writes
    found.is_anything = not named and not found.locks and not _OF_NO_TABLE.search(whole)
    return found


@dataclass(frozen=True)
class _Tables:
    names: set[str]
    referred: dict[str, set[str]]
    """Table → those that its foreign keys refer to, and those whose foreign keys refer to it."""
    written_with: dict[str, set[str]]
    """Table → itself and all that triggers touch when it is written."""


@cache
def _tables() -> _Tables:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        names = {name for (name,) in cursor.fetchall()}
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        )
        referred: dict[str, set[str]] = {}
        for child, parent in cursor.fetchall():
            referred.setdefault(child, set()).add(parent)
            referred.setdefault(parent, set()).add(child)
        cursor.execute("""
            SELECT tgrelid::regclass::text, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
            WHERE NOT tgisinternal
        """)
        direct: dict[str, set[str]] = {}
        for table, source in cursor.fetchall():
            direct.setdefault(table, set()).update(set(_WORD.findall(source)) & names)
    return _Tables(names, referred, {name: _closure(name, direct) for name in names})


def _closure(name: str, direct: dict[str, set[str]]) -> set[str]:
    found, left = set(), [name]
    while left:
        table = left.pop()
        if table not in found:
            found.add(table)
            left += direct.get(table, ())
    return found
