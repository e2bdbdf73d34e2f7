"""Prepares words for another system's search, since people may type that system's operators. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPERATORS = re.compile(r"""[:"'()<>*~^|=]""")


def plain(words: Sequence[str]) -> str:
    """The words without anything that would widen the search to other places: `repo:`, `type:`, `in:`, `OR`, `-`."""
    bare = (part.lstrip("-+#@!") for word in words for part in _OPERATORS.sub(" ", word).split())
    return " ".join(part.lower() for part in bare if part)


def quoted(phrase: str) -> str:
    """A phrase as most searches want it: between double quotes, of which it has none itself."""
    return '"' + phrase.replace('"', " ").strip() + '"'
