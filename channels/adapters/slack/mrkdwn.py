"""Converts Slack markup to plain text, and detects questions and requests. Pure.

https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from channels.toolkit.text import clean, unescaped

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_ANGLE = re.compile(r"<([^<>]+)>")
_BOLD = re.compile(r"(?<![\w*~])([*~])(?=[^\s*~])([^*~\n]*?[^\s*~])\1(?![\w*~])")
_ITALIC = re.compile(r"(?<![\w_:])_(?=[^\s_])([^_\n]*?[^\s_])_(?![\w_:])")
_URL = re.compile(r"https?://\S+")
_PERSON = re.compile(r"<@([A-Z0-9]+)")
_GROUP = re.compile(r"<!subteam\^([A-Z0-9]+)")
_QUESTION = re.compile(r"[?？؟⁇⁈]")
_REVIEW = re.compile(
    r"\b(?:please|pls|kindly|can|could|would|anyone|anybody|someone|somebody)\b[^.!\n]{0,80}"
    r"\b(?:review|proof-?read|check|look over|look at|feedback)\b"
    r"|\b(?:review|feedback|second pair of eyes|another pair of eyes)\b[^.!\n]{0,40}"
    r"\b(?:please|pls|needed|wanted|welcome|appreciated|requested?)\b"
    r"|\bdraft\b[^.!\n]{0,60}\b(?:ready for|for|needs?|waiting for)\b[^.!\n]{0,20}\b(?:review|feedback|eyes|approval)\b"
    r"|\breview request\b",
    re.IGNORECASE,
)


def plain(text: str, names: Mapping[str, str]) -> str:
    """As displayed: people, groups, channels and links by name, no bold or italic markers, entities decoded. `names`:
    id of a user or group → name; unknown users keep their id."""
    made, at = [], 0
    for code in _CODE.finditer(text):
        made += [_prose(text[at : code.start()], names), _ANGLE.sub(lambda m: _angle(m[1], names), code[0])]
        at = code.end()
    made.append(_prose(text[at:], names))
    return clean(unescaped("".join(made))).strip()


def links(text: str) -> tuple[str, ...]:
    """Web addresses, decoded and deduplicated."""
    found = (unescaped(m[1].partition("|")[0]) for m in _ANGLE.finditer(text))
    return tuple(dict.fromkeys(url for url in found if url.lower().startswith(("http://", "https://"))))


def people(text: str) -> list[str]:
    """Ids of the users named."""
    return _PERSON.findall(text)


def groups(text: str) -> set[str]:
    """Ids of the user groups pinged."""
    return set(_GROUP.findall(text))


def is_question(text: str) -> bool:
    """A question mark in the prose (not in a URL or code), or a request to review a draft."""
    prose = _URL.sub(" ", _ANGLE.sub(" ", _CODE.sub(" ", text)))
    return bool(_QUESTION.search(prose) or _REVIEW.search(prose))


def escaped(text: str) -> str:
    """Escaped so that it is shown literally: it can't notify everybody or disguise a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _prose(text: str, names: Mapping[str, str]) -> str:
    made, at = [], 0
    for angle in _ANGLE.finditer(text):
        made += [_unmarked(text[at : angle.start()]), _angle(angle[1], names)]
        at = angle.end()
    return "".join([*made, _unmarked(text[at:])])


def _unmarked(text: str) -> str:
    return _ITALIC.sub(r"\1", _BOLD.sub(r"\2", text))


def _angle(inner: str, names: Mapping[str, str]) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return "@" + (names.get(target[1:]) or label or target[1:])
    if target.startswith("#"):
        return "#" + (label or target[1:])
    if target.startswith("!"):
        kind, _, group = target[1:].partition("^")
        return label or "@" + names.get(group, kind)
    if target.startswith("mailto:"):
        return label or target.removeprefix("mailto:")
    bare = target.removeprefix("https://").removeprefix("http://").rstrip("/")
    return target if not label or label.rstrip("/") in (target.rstrip("/"), bare) else f"{label} ({target})"
