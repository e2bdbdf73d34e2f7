"""Validates external URLs: only http(s) addresses become links, never scripts."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def web_address(text: str) -> str:
    """The text if it is an http or https address, else "": drops `javascript:`, `data:` and the like."""
    text = text.strip()
    return text if text[:8].lower().startswith(("https://", "http://")) else ""


def is_web_address(text: str) -> bool:
    """Whether the text is a complete web address; never raises."""
    return parts_of(text) is not None


def parts_of(address: str) -> tuple[SplitResult, str] | None:
    """A web address and its host; None if it isn't one."""
    try:
        parts = urlsplit(address)
        host = parts.hostname if parts.scheme in DEFAULT_PORTS and "\0" not in address else None
    except ValueError:
        return None
    return (parts, host) if host else None
