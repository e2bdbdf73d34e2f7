"""Text from outside, and our own, as safe HTML: escaped first, then links; Markdown of guidelines; capped counts."""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from mentions.sanitise import clean_prose

COUNT_CAP = 1000
SHOWN_LINK = 70
"""Characters of an address that are shown; the whole of it is where the link leads and in its title."""

# Bounded, so that hostile text costs linear time.
_URL = re.compile(r"https?://[^\s<>\"'\x00-\x1f]{1,2000}", re.IGNORECASE)
_TRAILING = ".,;:!?)]}…»”’"
_PROSE = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})


def linked(text: str) -> SafeString:
    """Escaped text in which web addresses are links that open elsewhere and tell nobody where they were clicked."""
    if "://" not in text:
        return escape(text)
    parts: list[str] = []
    at = 0
    for match in _URL.finditer(text):
        url = _trimmed(match[0])
        parts += [escape(text[at : match.start()]), _link(url)]
        at = match.start() + len(url)
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))  # noqa: S308 (every part is escaped)


def _link(url: str) -> str:
    bare = url.partition("://")[2]
    shown = bare if len(bare) <= SHOWN_LINK else bare[: SHOWN_LINK - 1] + "…"
    whole = escape(url)
    return f'<a href="{whole}" title="{whole}" target="_blank" rel="noopener noreferrer nofollow">{escape(shown)}</a>'


def _trimmed(url: str) -> str:
    while url and url[-1] in _TRAILING:
        if url[-1] == ")" and url.count("(") >= url.count(")"):
            break
        url = url[:-1]
    return url


@lru_cache(maxsize=256)
def markdown(text: str) -> SafeString:
    """CommonMark written by admins; raw HTML in it stays text, and the outcome is sanitised all the same."""
    return mark_safe(clean_prose(_PROSE.render(text)))  # noqa: S308 (sanitised)


def capped(count: int | None) -> str:
    """A count of a view: exact below the cap, "1,000+" from it on, a dash where it is not known."""
    if count is None:
        return "–"
    return f"{COUNT_CAP:,}+" if count >= COUNT_CAP else str(count)


def excerpt(text: str, length: int = 180) -> str:
    """The first words on one line."""
    flat = " ".join(text[: length * 2].split())
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"
