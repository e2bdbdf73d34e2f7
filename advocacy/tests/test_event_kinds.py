"""The kinds of a ticket's events and of audit log entries are enums: no floor writes, reads or compares a bare string.

mypy checks calls with a typed `kind`; this also checks those it can't see (querysets, SQL).
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from audit.kinds import EntryKind
from mentions.models import EventKind
from mentions.tickets.history import SENTENCES, sentence

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("channels", "mentions", "experts", "team", "metrics", "advocacy", "audit", "bench")
MODULES = [
    path
    for floor in FLOORS
    for path in sorted((ROOT / floor).rglob("*.py"))
    if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)
]
WRITERS = ("record", "_record", "move", "set_aside", "_tell", "_add_event", "_factor")
"""Functions that take the kind of an event or an audit entry. A state or a stage is in neither enum (`reply.move`)."""
_IN_SQL = re.compile(r"\bkind (?:=|<>) '(\w+)'|SELECT [\w.]+, %\(now\)s, (?:NULL|%\(me\)s), '(\w+)'")
NAMES = {*EventKind, *EntryKind}


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    return [(path.relative_to(ROOT), ast.parse(path.read_text())) for path in MODULES]


def bare_strings(node: ast.AST) -> list[str]:
    """Kinds written as strings in an expression, also within a tuple, list or condition."""
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and each.value in NAMES]


def is_about_events(call: ast.Call) -> bool:
    """`Event.objects.filter(…)`, `ticket.events.filter(…)`, `Entry.objects…`, `Event(…)`."""
    written = ast.unparse(call.func)
    return bool(re.match(r"(?:Event|Entry)\b", written) or re.search(r"\bevents\b", written))


def kinds_given(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that are kinds."""
    name = ast.unparse(call.func).rpartition(".")[2]
    named = [each.value for each in call.keywords if (each.arg or "").partition("__")[0] == "kind"]
    if name in WRITERS:
        return [*named, *(each for each in call.args if isinstance(each, ast.Constant | ast.IfExp))]
    if name == "append" and re.search(r"\bevents\b", ast.unparse(call.func)):
        return [each.elts[1] for each in call.args if isinstance(each, ast.Tuple)]
    return named if is_about_events(call) else []


def compared(node: ast.Compare) -> list[ast.expr]:
    return node.comparators if re.search(r"\b(?:event|entry|last)\.kind$", ast.unparse(node.left)) else []


def test_no_kind_is_a_bare_string() -> None:
    wrong, looked_at = [], 0
    for path, tree in trees():
        for node in ast.walk(tree):
            places = kinds_given(node) if isinstance(node, ast.Call) else []
            places += compared(node) if isinstance(node, ast.Compare) else []
            looked_at += len(places)
            wrong += [f"{path}:{place.lineno}: {text}" for place in places for text in bare_strings(place)]
    assert wrong == []
    assert looked_at > 40


@cache
def kinds_in_sql() -> set[tuple[Path, str]]:
    return {
        (path, kind)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "mentions_event" in node.value
        for match in _IN_SQL.finditer(node.value)
        for kind in match.groups()
        if kind
    }


def test_every_kind_in_sql_exists() -> None:
    found = kinds_in_sql()
    assert {kind for _, kind in found} <= set(EventKind)
    assert len(found) >= 5


@pytest.mark.parametrize("enum", [EventKind, EntryKind])
def test_every_kind_is_in_use(enum: type[EventKind] | type[EntryKind]) -> None:
    unused = set(enum) - {kind for _, kind in kinds_in_sql()}
    for path, tree in trees():
        if path.name != "history.py":
            used = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
            named = {node.attr for node in used if ast.unparse(node.value) == enum.__name__}
            unused -= {enum[name] for name in named & set(enum.__members__)}
    assert unused == set()


def test_every_kind_has_its_sentence_in_a_tickets_history() -> None:
    assert set(SENTENCES) == set(EventKind)
    assert sentence("something_old", {}) == "something old"
