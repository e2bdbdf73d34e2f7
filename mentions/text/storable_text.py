"""Outside text in a form that PostgreSQL accepts. Pure."""

from __future__ import annotations


def storable(text: str, longest: int | None = None) -> str:
    """Removes NUL and lone surrogates, and truncates to the column's length."""
    if longest is not None and len(text) > longest:
        text = text[:longest]
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "") if "\0" in text else text
