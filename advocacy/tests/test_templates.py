"""Template rules that the linter doesn't have; `script/test` also runs djlint."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(ROOT.joinpath("templates").rglob("*.html"))
MAX_LINE = 160
TAG = re.compile(
    r"(?<!\?P)<(?:a|article|button|details|div|form|h[1-6]|input|li|link|option|p|script|section|span|t[dhr]|ul)[ >]"
)
BUILDS_MARKUP = {
    "mentions/queue/rows.py": "fifty rows: a template costs four times as much",
    "mentions/text/": "texts from outside, made safe",
    "channels/adapters/": "mail that we send, pages that we read",
    "channels/admin/": "format_html, as Django's admin wants it",
}
FLOORS = ("advocacy", "audit", "channels", "experts", "mentions", "metrics", "team")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_lines_of_templates_fit_a_screen(path):
    long = [number for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > MAX_LINE]
    assert long == []


def modules():
    for floor in FLOORS:
        for path in sorted(ROOT.joinpath(floor).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield path


def strings_with_markup(path):
    """Line numbers; docstrings aside."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in prose
        and TAG.search(node.value)
    ]


def test_markup_is_written_in_templates():
    found = {str(path.relative_to(ROOT)): lines for path in modules() if (lines := strings_with_markup(path))}
    assert {name: lines for name, lines in found.items() if not name.startswith(tuple(BUILDS_MARKUP))} == {}
    assert {place for place in BUILDS_MARKUP if not any(name.startswith(place) for name in found)} == set()
