"""Removes search operators from words for another system's search, since people may type them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPERATORS = re.compile(r"""[:"'()<>*~^|=]""")


def plain(words: Sequence[str]) -> str:
    """The words without operators that would widen the search: `repo:`, `type:`, `in:`, `OR`, `-`."""
    bare = (part.lstrip("-+#@!") for word in words for part in _OPERATORS.sub(" ", word).split())
    return " ".join(part.lower() for part in bare if part)


def quoted(phrase: str) -> str:
    """The phrase in double quotes, as most searches expect it; quotes inside it become spaces."""
    return '"' + phrase.replace('"', " ").strip() + '"'
