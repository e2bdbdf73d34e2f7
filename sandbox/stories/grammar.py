"""Generates texts from rules: `{name}` is replaced by one of that name's rules, recursively."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

Rules = Mapping[str, Sequence[str]]
_SLOT = re.compile(r"\{(\w+)\}")


def expand(rule: str, random_: random.Random, *rules: Rules) -> str:
    """The rule with every slot filled; the first of `rules` that has a name wins. Raises KeyError if none has."""
    chosen: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in chosen:  # the same name means the same thing throughout a text
            options = next((table[name] for table in rules if name in table), None)
            if options is None:
                raise KeyError(f"no rule is called {name}")
            chosen[name] = _SLOT.sub(fill, random_.choice(list(options)))
        return chosen[name]

    return tidy(_SLOT.sub(fill, rule))


def tidy(text: str) -> str:
    """Removes double spaces, spaces before punctuation, and leading and trailing whitespace."""
    text = re.sub(r"(?<=\S)[ \t]+", " ", text)  # not at the start of a line: that is code
    text = re.sub(r" ([,.!?;:])(?=\s|$)", r"\1", text)
    return re.sub(r" +\n", "\n", text).strip()
