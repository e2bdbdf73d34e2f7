"""Text functions: HTML to text, whole-word phrases, links, Unicode. Pure; on the hot path of ingest.

HTML to text is hand-written. On the 875 pieces of HTML in the recordings of all platforms, inscriptis 2.7 finds the
same words in 844. But it returns nothing for three emails (tags in odd places, more than 255 nested elements), puts
spaces into "#<span>Acme</span>", which a query for #Acme then misses, indents the text, and takes three times as long.
Its one advantage is that it numbers ordered lists.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

# Possessive and bounded: linear time on hostile markup. Comments, scripts and styles are cut out first, by plain search
# for their end.
_TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^'"<>]++|"[^"<]*+"|'[^'<]*+'|['"]){0,200}+)>|<[!?][^<>]*+>""")
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
# All white space except single spaces: most replacements would be a space by a space.
_SPACE = re.compile(r" [ \t\r\n\f]+|[\t\r\n\f][ \t\r\n\f]*")
_BLANK_LINES = re.compile(r"\n{3,}")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8}[0-9]*+|[xX][0-9a-fA-F]{8}[0-9a-fA-F]*+);?")
_TRAILING = ".,;:!?'\")]}…»”’"
MAX_MARKS = 30
"""Maximum combining marks per letter, from the stream-safe format: ordering a longer run takes quadratic time, and it
is unreadable anyway. https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format"""

_PARAGRAPHS = frozenset(
    (
        "p",
        "div",
        "blockquote",
        "ul",
        "ol",
        "table",
        "pre",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "article",
        "hr",
    )
)
_LINES = frozenset(("br", "li", "tr", "dt", "dd"))
_SILENT = ("script", "style", "head", "title", "template")

# Latin words stand next to CJK, kana, hangul and Thai letters without a space, so those letters end a word, too.
UNSPACED = r"\u0e00-\u0e7f\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"


def clean(text: str) -> str:
    """The text without NUL and lone surrogates: legal in JSON, but PostgreSQL can't store them."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def html_to_text(source: str) -> str:
    """The visible text: paragraphs separated by an empty line, entities decoded, `pre` preserved.

    A link text that is its own shortened address becomes the full address.
    """
    if "<" not in source:
        return unescaped(_SPACE.sub(" ", source)).replace("\xa0", " ").strip() if source else ""
    return _Reader(_without_silent_parts(source)).read()


def html_links(source: str) -> tuple[str, ...]:
    """Link targets in HTML: decoded, in order, unique; web addresses only."""
    found: dict[str, None] = {}
    if "<" in source:
        for tag in _TAG.finditer(source):
            if tag[2] and tag[2].lower() == "a" and not tag[1]:
                target = _href(tag[3])
                if target.lower().startswith(("http://", "https://")):
                    found[target] = None
    return tuple(found)


def text_links(text: str) -> tuple[str, ...]:
    """Web addresses in plain text, unique, without trailing punctuation."""
    if "://" not in text:
        return ()
    return tuple(dict.fromkeys(without_punctuation(match[0]) for match in _URL.finditer(text)))


def without_punctuation(url: str) -> str:
    """The URL without trailing punctuation; a closing bracket stays if the URL contains its opening one."""
    end, unopened = len(url), url.count(")") - url.count("(")
    while end and url[end - 1] in _TRAILING:
        if url[end - 1] == ")":
            if unopened <= 0:
                break
            unopened -= 1
        end -= 1
    return url[:end]


def unescaped(source: str) -> str:
    """Decodes entities. Replaces overlong numeric ones first: `html.unescape` raises for thousands of digits."""
    marks = source.count("&")
    if not marks:
        return source
    if marks == sum(map(source.count, _ENTITIES)):
        for entity, letter in _ENTITIES.items():
            source = source.replace(entity, letter)
        return source
    return html.unescape(_LONG_NUMBER.sub("\ufffd", source) if "&#" in source else source)


_ENTITIES = {"&#x27;": "'", "&#x2F;": "/", "&quot;": '"', "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&"}
"""The only ones in most texts. `&amp;` is decoded last, so its `&` never starts another entity."""


def composed(text: str) -> str:
    """The text in Unicode NFC: é is one letter, however it was typed. Linear time: drops combining marks beyond
    `MAX_MARKS` per letter, so use it for comparing and counting, not for display."""
    return text if text.isascii() else unicodedata.normalize("NFC", _long_runs().sub(lambda run: run[1], text))


def flattened(text: str) -> str:
    """For comparing what was posted with what is found: composed, white space collapsed."""
    return " ".join(composed(text).split())


@cache
def _long_runs() -> re.Pattern[str]:
    """Matches overlong runs of marks that NFC would reorder: combining class other than 0, all below U+1F000."""
    marks = "".join(chr(code) for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{{MAX_MARKS}}})[{marks}]++")


def names_phrase(phrases: Iterable[str], *texts: str | None) -> bool:
    """Whether any text contains any phrase as whole words, case-insensitively; no phrases match everything."""
    pattern = _phrase_pattern(tuple(phrases))
    return pattern is None or any(pattern.search(text) for text in texts if text)


@lru_cache(maxsize=256)
def _phrase_pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    words = [r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in phrases if phrase.strip()]
    if not words:
        return None
    longest_first = "|".join(sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![^\W{UNSPACED}])(?:{longest_first})(?![^\W{UNSPACED}])", re.IGNORECASE)


class _Reader:
    """Converts a piece of HTML in one pass over its tags."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts: list[str] = []
        self.pre = 0
        self.link: tuple[str, int] | None = None  # target, index of its text's first part

    def read(self) -> str:
        at = 0
        for tag in _TAG.finditer(self.source):
            self._text(self.source[at : tag.start()])
            at = tag.end()
            if tag[2]:
                self._tag(tag[2].lower(), bool(tag[1]), tag[3])
        self._text(self.source[at:])
        self._close_link()
        text = unescaped("".join(self.parts)).replace("\xa0", " ")
        return _BLANK_LINES.sub("\n\n", _without_space_at_line_ends(text)).strip("\n ")

    def _text(self, piece: str) -> None:
        if not piece:
            return
        if not self.pre:
            piece = _SPACE.sub(" ", piece)
            if piece[0] == " " and self.parts and self.parts[-1].endswith("\n"):
                piece = piece[1:]
        self.parts.append(piece)

    def _tag(self, name: str, closing: bool, attributes: str) -> None:
        if name == "a":
            self._close_link()
            if not closing:
                self.link = (_href(attributes), len(self.parts))
        elif name in _PARAGRAPHS:
            if name == "pre":
                self.pre = max(0, self.pre - 1) if closing else self.pre + 1
            self.parts.append("\n\n")
        elif name in _LINES and not (closing and name != "br"):
            self.parts.append("\n- " if name == "li" else "\n")

    def _close_link(self) -> None:
        if self.link is None:
            return
        target, first = self.link
        self.link = None
        shown = unescaped("".join(self.parts[first:])).strip()
        if shown.endswith(("...", "…")) and target.startswith(shown.rstrip(".…")) and len(target) > len(shown) - 3:
            self.parts[first:] = [html.escape(target, quote=False)]


def _href(attributes: str) -> str:
    match = _HREF.search(attributes)
    return unescaped(match[1] or match[2] or match[3] or "").strip() if match else ""


def _without_space_at_line_ends(text: str) -> str:
    *lines, last = text.split("\n")
    return "\n".join([*(line.rstrip(" \t") for line in lines), last])


def _without_silent_parts(source: str) -> str:
    """Cuts comments, scripts and styles; an unclosed one is cut to the end."""
    if "<!--" in source:
        source = _cut(source, "<!--", "-->")
    lowered = source.lower()
    for name in _SILENT:
        if f"<{name}" in lowered:
            source = _cut(source, f"<{name}", f"</{name}")
            lowered = source.lower()
    return source


def _cut(source: str, opening: str, closing: str) -> str:
    lowered, pieces, at = source.lower(), [], 0
    if len(lowered) != len(source):  # a few letters change length with their case, which would shift offsets
        lowered = source
    while (start := lowered.find(opening, at)) >= 0:
        follows = lowered[start + len(opening) : start + len(opening) + 1]
        if opening != "<!--" and follows.isalnum():  # <header> is not <head>
            pieces.append(source[at : start + len(opening)])
            at = start + len(opening)
            continue
        pieces.append(source[at:start])
        end = lowered.find(closing, start)
        if end < 0:
            return "".join(pieces)
        at = end + len(closing)
        if opening != "<!--":
            at = max(at, lowered.find(">", at) + 1)
    return "".join([*pieces, source[at:]])
