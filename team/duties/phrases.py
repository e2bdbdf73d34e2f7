"""Patterns for phrases that duties look for in mentions."""

from __future__ import annotations

import re


def pattern(phrase: str) -> re.Pattern[str]:
    """A pattern that matches whole words, case-insensitively: 17.6 is not in 117.6 or 17.61."""
    inner = r"\s+".join(re.escape(part) for part in phrase.split())
    return re.compile(rf"(?<![\w.]){inner}(?![\w]|\.\w)", re.IGNORECASE)
