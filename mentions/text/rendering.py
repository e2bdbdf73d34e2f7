"""Renders outside text and our own as safe HTML: escaping and links, Markdown guidelines, capped counts."""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from channels.toolkit.quotes import fold_quotes
from channels.toolkit.text import without_punctuation
from mentions.text.sanitise import clean_prose

COUNT_CAP = 1000
MAX_MARKDOWN = 50_000
"""Characters; the parser takes quadratic time over open brackets."""
SHOWN_LINK = 70
"""Characters of a URL shown; the link target and its title hold all of it."""

# Bounded, so that hostile text costs linear time.
_URL = re.compile(r"https?://[^\s<>\"'\x00-\x1f]{1,2000}", re.IGNORECASE)
_PROSE = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})


def linked(text: str) -> SafeString:
    """Escaped text with URLs as links that open in a new tab and send no referrer."""
    if "://" not in text:
        return escape(text)
    parts: list[str] = []
    at = 0
    for match in _URL.finditer(text):
        url = without_punctuation(match[0])
        parts += [escape(text[at : match.start()]), _link(url)]
        at = match.start() + len(url)
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))  # noqa: S308 (every part is escaped)


def _link(url: str) -> str:
    bare = url.partition("://")[2]
    shown = bare if len(bare) <= SHOWN_LINK else bare[: SHOWN_LINK - 1] + "…"
    whole = escape(url)
    return f'<a href="{whole}" title="{whole}" target="_blank" rel="noopener noreferrer nofollow">{escape(shown)}</a>'


@lru_cache(maxsize=256)
def markdown(text: str) -> SafeString:
    """CommonMark written by admins; raw HTML stays text, and the result is sanitised too. Text over MAX_MARKDOWN stays
    plain."""
    if len(text) > MAX_MARKDOWN:
        return linked(text)
    return mark_safe(clean_prose(_PROSE.render(text)))  # noqa: S308 (sanitised)


def capped(count: int | None) -> str:
    """A view's count: exact below the cap, "1,000+" above it, a dash if unknown."""
    if count is None:
        return "–"
    return f"{COUNT_CAP:,}+" if count > COUNT_CAP else str(count)


def excerpt(text: str, length: int = 180) -> str:
    """The first words on one line."""
    flat = " ".join(text[: length * 2].split())
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"


def body(text: str) -> SafeString:
    """A message for reading: linked, with quotes and signature folded."""
    pieces = fold_quotes(text)
    if len(pieces) < 2 or all(kind != "body" for kind, _piece in pieces):
        return linked(text)
    return mark_safe("".join(_piece(kind, piece.strip("\n")) for kind, piece in pieces))  # noqa: S308 (parts are safe)


def _piece(kind: str, piece: str) -> str:
    if kind == "body":
        return linked(piece)
    if not piece.strip():
        return ""
    word = _("quoted text") if kind == "quote" else _("signature")
    return f'<details class="quote"><summary>{escape(word)}</summary><div>{linked(piece)}</div></details>'
