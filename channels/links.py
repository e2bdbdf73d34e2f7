"""Addresses that came from outside, before they become a link: only the web is linked to, never a script. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit


def web_address(text: str) -> str:
    """The text if it is an http or https address, else "": `javascript:`, `data:` and the like lead nowhere."""
    text = text.strip()
    return text if text[:8].lower().startswith(("https://", "http://")) else ""


def is_web_address(text: str) -> bool:
    """Whether somebody has typed a whole web address; never raises."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "\0" not in text
    except ValueError:
        return False
