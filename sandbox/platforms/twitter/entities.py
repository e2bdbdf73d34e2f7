"""Converts typed text to the API's form: escaping, t.co, entities, the long-post cut.

https://docs.x.com/x-api/fundamentals/data-dictionary (tweet object: entities, note_tweet); lengths:
https://docs.x.com/fundamentals/counting-characters.
"""

from __future__ import annotations

import hashlib
import html
import re
from typing import Any

URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]。、]")
HANDLE = re.compile(r"(?<![\w@])@(\w{1,15})\b")
HASHTAG = re.compile(r"(?<![\w#])#(\w*[^\W\d]\w*)")
MAX_WEIGHT = 280
URL_WEIGHT = 23
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def weight(text: str) -> int:
    """Length as counted by Twitter: links 23, Latin 1 a character, everything else (CJK, emoji) 2."""
    bare, links = URL.subn("", text)
    return links * URL_WEIGHT + sum(1 if any(a <= ord(c) <= b for a, b in _LIGHT) else 2 for c in bare)


def spoken(text: str) -> str:
    """A text without a reply's leading handles, which don't count towards its length either."""
    words = text.split(" ")
    while words and words[0].startswith("@"):
        words.pop(0)
    return " ".join(words)


def handles_in(text: str) -> list[str]:
    """Lower-case handles in a text, deduplicated, in order."""
    return list(dict.fromkeys(match.lower() for match in HANDLE.findall(text)))


def shorten(text: str) -> tuple[str, list[dict[str, str]]]:
    """The text with t.co links, and the links (url, expanded_url, display_url)."""
    links: list[dict[str, str]] = []

    def short(match: re.Match[str]) -> str:
        code = hashlib.sha256(match.group().encode()).hexdigest()[:10]
        display = re.sub(r"^https?://(www\.)?", "", match.group())
        links.append(
            {
                "url": f"https://t.co/{code}",
                "expanded_url": match.group(),
                "display_url": display if len(display) < 27 else display[:26] + "…",
            }
        )
        return links[-1]["url"]

    return URL.sub(short, text), links


def escape(text: str) -> str:
    """`&amp;`, `&lt;`, `&gt;` as in the API; quotes stay."""
    return html.escape(text, quote=False)


def wire(text: str, user_ids: dict[str, str]) -> dict[str, Any]:
    """The wire form: `text`, `entities` and, for a long post, `note_tweet`.

    `user_ids`: lower-case handle → id of existing accounts; other handles aren't mentions.
    """
    shortened, links = shorten(text)
    full = escape(shortened)
    made: dict[str, Any] = {"text": full, "entities": entities(full, links, user_ids)}
    if weight(spoken(text)) > MAX_WEIGHT:
        cut = full[:275].rsplit(" ", 1)[0]
        made["note_tweet"] = {"text": full}
        if made["entities"]:
            made["note_tweet"]["entities"] = made["entities"]
        made["text"] = cut + "…"
        made["entities"] = entities(made["text"], links, user_ids)
    return made


def entities(text: str, links: list[dict[str, str]], user_ids: dict[str, str]) -> dict[str, Any]:
    """Positions of links, handles and hashtags in `text`; empty kinds are absent."""
    found: dict[str, Any] = {}
    urls, at = [], 0
    for link in links:
        start = text.find(link["url"], at)
        if start >= 0:
            at = start + len(link["url"])
            urls.append({"start": start, "end": at, **link})
    mentions = [
        {"start": m.start(), "end": m.end(), "username": m.group(1), "id": user_ids[m.group(1).lower()]}
        for m in HANDLE.finditer(text)
        if m.group(1).lower() in user_ids
    ]
    tags = [{"start": m.start(), "end": m.end(), "tag": m.group(1)} for m in HASHTAG.finditer(text)]
    for name, values in (("urls", urls), ("mentions", mentions), ("hashtags", tags)):
        if values:
            found[name] = values
    return found
