"""Rules for style sheets, scripts and templates that the CSP or the design requires."""

import re

import pytest
from django.conf import settings

from mentions.views.context import STYLES

CSS = settings.BASE_DIR / "static" / "css"
JS = settings.BASE_DIR / "static" / "js"
TEMPLATES = settings.BASE_DIR / "templates"
COMPONENTS = [path for path in sorted(CSS.glob("*.css")) if path.name not in ("tokens.css", "mail.css")]
PAGES = sorted(TEMPLATES.rglob("*.html"))


def ids(path):
    return str(path.name)


@pytest.mark.parametrize("path", COMPONENTS, ids=ids)
def test_components_take_colours_from_tokens_only(path):
    source = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    found = re.findall(r"#[0-9a-fA-F]{3,8}\b(?=\s*[;,) ])|\brgba?\(|\bhsl\(", source)
    assert [colour for colour in found if colour != "#fff"] == []


@pytest.mark.parametrize("path", COMPONENTS, ids=ids)
def test_components_use_only_tokens_that_exist(path):
    known = set(re.findall(r"(--[\w-]+):", (CSS / "tokens.css").read_text() + path.read_text()))
    assert set(re.findall(r"var\((--[\w-]+)", path.read_text())) <= known


def test_every_style_of_the_frame_exists():
    assert [name for name in STYLES if not (CSS / f"{name}.css").exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_templates_hold_nothing_that_the_policy_forbids(path):
    source = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    for script in re.findall(r"<script[^>]*>", source):
        assert "src=" in script or 'type="application/json"' in script


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_htmx_needs_no_eval(path):
    source = path.read_text()
    assert not re.search(r"hx-on|hx-vars|js:|hx-trigger=\"[^\"]*\[", source)


def test_htmx_is_told_not_to_style_or_evaluate():
    source = (TEMPLATES / "base.html").read_text()
    assert '"includeIndicatorStyles":false' in source
    assert '"allowEval":false' in source


@pytest.mark.parametrize("path", sorted(JS.glob("*.js")), ids=ids)
def test_scripts_neither_evaluate_nor_reach_out(path):
    source = path.read_text()
    assert not re.search(r"\beval\(|new Function|document\.write|fetch\([\"'`]https?:|\.style\b", source)


@pytest.mark.parametrize("path", sorted(JS.glob("*.js")), ids=ids)
def test_scripts_import_what_exists(path):
    for name in re.findall(r"from \"\./([\w.]+)\"|import \"\./([\w.]+)\"", path.read_text()):
        assert (JS / "".join(name)).exists()
