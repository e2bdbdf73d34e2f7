"""Sanitises outside HTML by an allowlist; nothing is fetched without a click.

It is shown only in a frame with a stricter policy (`mentions/views/ticket/mail.py`); this is the first of two defences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import nh3
from django.utils.html import escape
from django.utils.translation import gettext as _

_TEXT = ("a", "abbr", "b", "br", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span")
_OLD = ("big", "center", "font", "strike", "strong", "sub", "sup", "u")
_BLOCKS = (
    "blockquote",
    "div",
    "dd",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "ul",
)
_TABLE = ("caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr")
TAGS = frozenset((*_TEXT, *_OLD, *_BLOCKS, *_TABLE, "img"))
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "type"},
    "abbr": {"title"},
    "*": {"dir", "lang"},
}
LINK_SCHEMES = {"http", "https", "mailto", "tel"}
MAX_LENGTH = 2_000_000
DEEPEST = 3000
"""Maximum nesting depth; the parser takes quadratic time for deeper input, and no honest mail has it."""
_ELEMENT = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_CLOSES_ITSELF = frozenset(
    (*("p", "li", "td", "th", "tr", "dt", "dd", "option", "br", "img", "hr", "meta", "link", "input", "col", "wbr"),)
)
PROSE_TAGS = TAGS - {"img", "font", "center", "big"}


@dataclass(frozen=True, slots=True)
class Clean:
    """`html` is safe to show; `remote` counts pictures that would be fetched from elsewhere."""

    html: str
    remote: int


def clean_mail(source: str, inline: Mapping[str, str], *, show_remote: bool = False) -> Clean:
    """Sanitise an email's HTML. `inline`: Content-ID → our URL of that attachment.

    Remote pictures lose their URL (a page without scripts cannot use `data-src`: the frame is loaded again with
    `show_remote`); tracking by style sheets, fonts, backgrounds or forms is removed entirely.
    """
    source = source[:MAX_LENGTH]
    if is_too_deep(source):
        words = _("This email is nested too deeply to display. Its text is in the conversation.")
        return Clean(f"<p>{escape(words)}</p>", 0)
    remote = 0

    def attribute(tag: str, name: str, value: str) -> str | None:
        nonlocal remote
        if tag == "img" and name == "src":
            place = value.strip()
            if place.lower().startswith("cid:"):
                return inline.get(place[4:].strip("<>"))
            if place.lower().startswith(("http://", "https://")):
                remote += 1
                return place if show_remote else None
            return None
        if tag == "a" and name == "href":
            return value if value.strip().lower().partition(":")[0] in LINK_SCHEMES else None
        return value

    html = nh3.clean(
        source,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        attribute_filter=attribute,
        # `cid` must pass here to reach the filter above, which returns one of our own URLs.
        url_schemes=LINK_SCHEMES | {"cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        clean_content_tags={"script", "style", "head", "title", "template", "noscript", "svg", "math"},
    )
    return Clean(html, remote)


def is_too_deep(source: str) -> bool:
    """Whether elements are nested deeper than the parser should handle. Linear."""
    depth = 0
    for closes, name in _ELEMENT.findall(source):
        if name.lower() in _CLOSES_ITSELF:
            continue
        depth = max(0, depth - 1) if closes else depth + 1
        if depth > DEEPEST:
            return True
    return False


def clean_prose(source: str) -> str:
    """HTML from an admin's Markdown: no pictures, links open in a new tab. Nested too deeply, it stays text."""
    if is_too_deep(source[:MAX_LENGTH]):
        return escape(source[:MAX_LENGTH])
    return nh3.clean(
        source[:MAX_LENGTH],
        tags=set(PROSE_TAGS),
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes=LINK_SCHEMES,
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
