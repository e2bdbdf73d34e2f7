"""Fragments of pages that look the same for everybody, given a few values: rendered once for each combination."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language


def fragment(template: str, **values: Hashable) -> SafeString:
    """The template with these values, in the reader's language. Nothing else of a page or its reader may be in it."""
    return _rendered(template, get_language() or "en", tuple(values.items()))


@lru_cache(maxsize=512)
def _rendered(template: str, language: str, values: tuple[tuple[str, Hashable], ...]) -> SafeString:
    return SafeString(render_to_string(template, dict(values)).strip())
