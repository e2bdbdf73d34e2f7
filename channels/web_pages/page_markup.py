"""Finds tags in untrusted HTML in bounded time. Pure.

Doesn't parse the whole page: a broken or hostile page must cost little, and only a few tags matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from channels.toolkit.text import html_to_text, unescaped

MAX_LETTERS = 1_500_000
_MAX_TAGS = 400
_MAX_TAG = 6_000
_MAX_PARAGRAPH = 10_000
# Possessive, and starts only at the start of a name: linear in the length of the tag.
_ATTRIBUTE = re.compile(
    r"""(?<![\w:.-])([a-zA-Z][\w:.-]{0,60}+)\s{0,20}+=\s{0,20}+"""
    r"""(?:"([^"]{0,5000}+)"|'([^']{0,5000}+)'|([^\s"'>]{1,2000}+))"""
)
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Markup:
    """The beginning of a page, or a part of one."""

    def __init__(self, source: str) -> None:
        self.source = source[:MAX_LETTERS]
        # ASCII only: a few letters change length when lowered, which would shift positions.
        self._lowered = self.source.translate(_LOWER)

    def openings(self, name: str, most: int = _MAX_TAGS) -> Iterator[int]:
        """Positions just after `<name`."""
        opening, at = f"<{name}", 0
        while most > 0 and (at := self._lowered.find(opening, at)) >= 0:
            at += len(opening)
            if not self._lowered[at : at + 1].isalnum() and self._lowered[at : at + 1] != "-":
                yield at
                most -= 1

    def tags(self, name: str, most: int = _MAX_TAGS) -> Iterator[dict[str, str]]:
        """Attributes of each tag with this name: lower-case name → decoded value."""
        for at in self.openings(name, most):
            yield _attributes(self.source[at : self._tag_end(at)])

    def elements(self, name: str, most: int = 4) -> Iterator[tuple[dict[str, str], str]]:
        """(attributes, source between the tags); an unclosed element extends to the end."""
        for at in self.openings(name, most):
            end = self._tag_end(at)
            yield _attributes(self.source[at:end]), self.source[end + 1 : self._closing(name, end)]

    def words(self, name: str) -> str:
        """Text of the first element with this name, "" if there is none."""
        inside = next((inside for _, inside in self.elements(name, 1)), "")
        return html_to_text(inside[:5_000])

    def paragraphs(self, enough: int) -> str:
        """Text of the `p` elements, until there are `enough` letters; skips text outside of them (menus, buttons). A
        `p` ends where the next begins, closed or not."""
        places = list(self.openings("p", 200))
        texts: list[str] = []
        for place, following in pairwise([*places, len(self.source) + len("<p")]):
            start = self._tag_end(place) + 1
            end = min(self._closing("p", start, following - len("<p")), start + _MAX_PARAGRAPH)
            if words := html_to_text(self.source[start:end]):
                texts.append(words)
            if sum(map(len, texts)) > enough:
                break
        return "\n\n".join(texts)

    def _tag_end(self, at: int) -> int:
        """Position of the `>` that ends a tag, ignoring quoted ones."""
        quote = ""
        piece = self.source[at : at + _MAX_TAG]
        for place, letter in enumerate(piece):
            if quote:
                quote = "" if letter == quote else quote
            elif letter in "\"'":
                quote = letter
            elif letter == ">":
                return at + place
        return at + len(piece)

    def _closing(self, name: str, start: int, last: int | None = None) -> int:
        end = self._lowered.find(f"</{name}", start, last)
        return end if end >= 0 else len(self.source) if last is None else last


def _attributes(piece: str) -> dict[str, str]:
    return {m[1].lower(): unescaped(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(piece)}
