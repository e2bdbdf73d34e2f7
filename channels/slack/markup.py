"""Converts Slack's markup to plain text, for threads that the desk reads. Mentions are converted by their adapter.

https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from html import unescape

_ANGLE = re.compile(r"<[@#!]?([^<>|]*)(?:\|([^<>]*))?>")


def plain(text: str) -> str:
    """Links as their address, people and channels as their label, entities decoded. Pure."""
    shown = _ANGLE.sub(lambda m: m[1] if m[1].startswith(("http", "mailto")) else f"@{m[2] or m[1]}", text)
    return unescape(shown).strip()
