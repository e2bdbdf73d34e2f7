"""Counts user-perceived characters. Pure.

Approximates extended grapheme clusters (https://www.unicode.org/reports/tr29/) with Python's Unicode tables: marks,
joined emoji, skin tones and flags count together with their base character; Hangul is treated as composed.
"""

from __future__ import annotations

import unicodedata

from channels.toolkit.text import composed

_JOINER = "\u200d"
_MARKS = frozenset(("Mn", "Me", "Mc"))


def grapheme_count(text: str) -> int:
    if text.isascii():
        return len(text) - text.count("\r\n")
    count, previous, flags = 0, "", 0
    for letter in composed(text):
        is_flag = "\U0001f1e6" <= letter <= "\U0001f1ff"
        flags = flags + 1 if is_flag else 0
        joined = previous == _JOINER or _extends(letter) or (previous == "\r" and letter == "\n")
        if not previous or not (joined or (is_flag and flags % 2 == 0)):
            count += 1
        previous = letter
    return count


def _extends(letter: str) -> bool:
    return (
        letter == _JOINER
        or unicodedata.category(letter) in _MARKS
        or "\U0001f3fb" <= letter <= "\U0001f3ff"
        or "\U000e0020" <= letter <= "\U000e007f"
    )
