"""Fragments that are rendered once for everybody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.loader import get_template
from django.utils import translation

from mentions.text.fragments import fragment
from mentions.views import choices

USED = re.compile(r"{% fragment \"(?P<template>[^\"]+)\"(?P<values>[^%]*)%}")
OF_ONE_READER = re.compile(
    r"\b(user|request|csrf_token|perms|preference|messages|ticket|now)\b|\|(ago|ahead|date|due)\b"
)
TAGS = re.compile(r"{[{%].*?[%}]}", re.DOTALL)


def _uses() -> list[tuple[str, str]]:
    """(template of the fragment, its values) of every use on any page."""
    sources = [path.read_text() for path in Path(settings.BASE_DIR, "templates").rglob("*.html")]
    return sorted({(found["template"], found["values"].strip()) for text in sources for found in USED.finditer(text)})


@pytest.mark.parametrize("template", sorted({template for template, _values in _uses()}))
def test_nothing_of_one_reader_is_in_a_fragment_for_all(template: str) -> None:
    source = get_template(template).template.source
    assert not [tag for tag in TAGS.findall(source) if OF_ONE_READER.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", tag))]


def test_a_fragment_is_rendered_once_for_its_values_in_each_language() -> None:
    offered = choices.priorities()
    first = fragment("mentions/_options.html", choices=offered, chosen=20)
    assert fragment("mentions/_options.html", choices=offered, chosen=20) is first
    assert '<option value="20" selected>normal</option>' in first
    assert '<option value="40" selected>urgent</option>' in fragment(
        "mentions/_options.html", choices=offered, chosen=40
    )
    with translation.override("de"):
        assert fragment("mentions/_options.html", choices=offered, chosen=20) is not first


def test_values_are_escaped() -> None:
    page = Template('{% load desk %}{% fragment "mentions/_options.html" choices=offered %}')
    assert "<b>" not in page.render(Context({"offered": (("<b>", "<b>"),)}))
