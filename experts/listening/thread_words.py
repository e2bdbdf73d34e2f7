"""Interprets a reply in a request's Slack thread. Pure. Only unambiguous words change a request; anything else is shown
on the ticket verbatim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.slack import markup
from experts.models import ThreadReply

Kind = ThreadReply.Kind

_DRAFT = re.compile(r"^\W*(?:here(?:['’]?s| is| comes)? )?(?:a |my |the )?draft\b[^:\n]{0,40}[:\n]\s*(.+)", re.I | re.S)
_REDIRECT = re.compile(
    r"\b(ask|asks|try|ping|pinging|better|should know|knows|might know|may know|not me|over to|cc|talk to|reach out)\b",
    re.I,
)
_DECLINE = re.compile(
    r"\b(can'?t|cannot|can not|won'?t|unable to|not able to)\b[^.!?\n]{0,30}"
    r"\b(answer|help|reply|respond|do|take|look|make)\b"
    r"|\b(no time|too busy|no idea|not my area|out of office|on vacation|on leave|sorry, no)\b"
    r"|\bdon'?t know\b|\bdo not know\b",
    re.I,
)
_ACKNOWLEDGE = re.compile(
    r"\b(on it|i'?ll|i will|i can) (answer|reply|respond|take|do|look|write|get|handle)\b|^\W*on it\b"
    r"|^\W*(will (do|answer|reply|take|look)|happy to|looking( now)?|sure\b|taking (it|this)|my turn)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ThreadMeaning:
    """`draft`: its text."""

    kind: str
    draft: str = ""


def read(text: str, *, names_another: bool) -> ThreadMeaning:
    """`names_another`: the text mentions somebody besides the one who was asked and the desk."""
    words = text.replace("’", "'").strip()
    if found := _DRAFT.search(words):
        return ThreadMeaning(Kind.DRAFT, plain(_after_head(text)) or plain(found[1]))
    declines, acknowledges = bool(_DECLINE.search(words)), bool(_ACKNOWLEDGE.search(words))
    if names_another:
        return ThreadMeaning(Kind.REDIRECTED if _REDIRECT.search(words) and not acknowledges else Kind.NOTE)
    if acknowledges and declines:
        return ThreadMeaning(Kind.NOTE)
    if declines or acknowledges:
        return ThreadMeaning(Kind.DECLINED if declines else Kind.ACKNOWLEDGED)
    return ThreadMeaning(Kind.QUESTION if "?" in plain(words) else Kind.NOTE)


def _after_head(text: str) -> str:
    """The draft with its own apostrophes."""
    found = _DRAFT.search(text)
    return found[1] if found else ""


def plain(text: str) -> str:
    """Slack's markup as plain text: links as their address, mentions as their label."""
    return markup.plain(re.sub(r"^(?:>|&gt;) ?", "", text, flags=re.M)).strip("`").strip()
