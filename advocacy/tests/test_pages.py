"""No template contains anything that the strict Content-Security-Policy forbids or that htmx silently breaks under
it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}", re.DOTALL)
COMMENT = re.compile(r"\{% comment.*?endcomment %\}|\{#.*?#\}", re.DOTALL)


class Findings(HTMLParser):
    """Collects forbidden elements."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if tag == "style":
            self.found.append("<style>")
        if tag == "script" and "src" not in names and names.get("type") != "application/json":
            self.found.append("inline <script>")
        for name, value in attributes:
            self.judge(name, value or "")

    def judge(self, name, value):
        if name == "style" or re.fullmatch(r"on[a-z]+", name):
            self.found.append(f"{name}=")
        if name.startswith(("hx-on", "data-hx-on")):
            self.found.append(name)
        if name.endswith("hx-trigger") and "[" in value:
            self.found.append(f"{name}={value}")
        if name.endswith(("hx-vals", "hx-headers", "hx-vars")) and value.lstrip().startswith(("js:", "javascript:")):
            self.found.append(f"{name}={value}")
        if value.lstrip().lower().startswith("javascript:"):
            self.found.append(f"{name}={value}")


def findings(text):
    parser = Findings()
    parser.feed(TAG.sub("x", COMMENT.sub("", text)))
    parser.close()
    return parser.found


def test_there_are_templates():
    assert TEMPLATES


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_has_nothing_inline(path):
    assert findings(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        '<a style="color: red">',
        "<style>a{}</style>",
        "<script>go()</script>",
        '<a onclick="go()">',
        '<a hx-on::after-request="go()">',
        """<a hx-trigger="click[ctrlKey]">""",
        """<a hx-vals='js:{a: 1}'>""",
        '<a href="javascript:go()">',
    ],
)
def test_forbidden_things_are_found(text):
    assert findings(text)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="{% static "js/desk.js" %}" defer></script>',
        '<script type="application/json" id="chart">{{ spec }}</script>',
        '<a hx-trigger="every 10s" hx-get="/x">',
        "{# <style> in a comment #}",
    ],
)
def test_allowed_things_pass(text):
    assert findings(text) == []


def test_no_address_of_elsewhere_is_loaded():
    """Nothing comes from a CDN."""
    loaded = re.compile(r"""<(?:script|img|iframe|source)[^>]+src\s*=\s*["']https?:|<link[^>]+href\s*=\s*["']https?:""")
    assert [str(path) for path in TEMPLATES if loaded.search(path.read_text())] == []
