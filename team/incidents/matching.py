"""Decides by words and links whether a mention may be about an incident, and says why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels.links.canonical_urls import canonical
from team.duties import phrases


@dataclass(frozen=True, slots=True)
class Signs:
    """Phrases and canonical addresses to look for."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    pages: frozenset[str]


def signs(url: str, words: Iterable[str]) -> Signs:
    """`words`: phrases; one that begins with http is an address, as `url` is."""
    entries = [word.strip() for word in words if word.strip()]
    links = [url, *(word for word in entries if is_link(word))]
    pages = frozenset(canonical(link) for link in links if link) - {""}
    return Signs(tuple((word, phrases.pattern(word)) for word in entries if not is_link(word)), pages)


def is_link(word: str) -> bool:
    return word.lower().startswith(("http://", "https://"))


def reason(wanted: Signs, text: str, pages: Sequence[str] | frozenset[str]) -> str:
    """Why this mention may be about the incident; "" if nothing suggests it. `pages`: canonical addresses that it links
    to or is about."""
    if linked := sorted(wanted.pages & set(pages)):
        return _("links to %(page)s") % {"page": linked[0]}
    for word, pattern in wanted.patterns:
        if pattern.search(text):
            return _("says “%(word)s”") % {"word": word}
    return ""
