"""Whether two names or handles may be the same person's, written differently: accents, order, additions, initials.
Pure. It only decides about whom to ask, never who owns an account: "tomb" may be anybody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

MIN_LENGTH = 4
MAX_LENGTH = 120
"""Anything longer is not a name."""
_ADDITION = re.compile(r"[(\[|@,/]|\s[-–—]\s")
_SIGNS_IN_WORDS = re.compile(r"['’ʼ`]")
_TITLES = frozenset({"dr", "prof", "mr", "mrs", "ms", "phd"})
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "ł": "l", "đ": "d", "œ": "oe", "ı": "i"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


def same_name(theirs: Iterable[str], known: Iterable[str]) -> bool:
    """Whether any of these names and handles matches any of those."""
    spellings = {spelling for name in known for spelling in _spellings(name)}
    handles = {handle for words in spellings for handle in _handles(words)}
    return any(_is_known(name, spellings, handles) for name in theirs)


def _is_known(name: str, spellings: set[tuple[str, ...]], handles: set[str]) -> bool:
    mine = {words for words in _spellings(name) if _is_long(words)}
    if not mine.isdisjoint(spellings):
        return True
    is_handle = bool(name) and not re.search(r"\s", name.strip())
    return is_handle and "".join(_words(name)) in handles


def _spellings(name: str) -> Iterator[tuple[str, ...]]:
    """The words of a name, sorted, in plain letters: complete, and without additions."""
    lower = unicodedata.normalize("NFC", name[:MAX_LENGTH]).lower()
    for text in (lower, lower.translate(_UMLAUTS)):
        yield tuple(sorted(_words(text)))
        yield tuple(sorted(_words(_ADDITION.split(text)[0])))


def _words(text: str) -> list[str]:
    text = text[:MAX_LENGTH]
    text = _SIGNS_IN_WORDS.sub("", text.lower().translate(_LETTERS))
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [word for word in re.split(r"[\W_]+", plain) if word and word not in _TITLES]


def _handles(words: tuple[str, ...]) -> Iterator[str]:
    """Handles that people make from their name: all of it in either order, or one part as an initial."""
    orders = [words] if len(words) == 1 else [words, words[::-1], *_turned(words)]
    for order in orders:
        made = ["".join(order)]
        if len(order) > 1:
            made += [order[0][0] + "".join(order[1:]), "".join(order[:-1]) + order[-1][0]]
        yield from (handle for handle in made if len(handle) >= MIN_LENGTH)


def _turned(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The spelling with each word in turn as the first, since sorting loses the order."""
    for at in range(len(words)):
        yield words[at:] + words[:at]
        yield (words[at], *words[:at], *words[at + 1 :])


def _is_long(words: tuple[str, ...]) -> bool:
    return len("".join(words).encode()) >= MIN_LENGTH  # a name of two Chinese letters is a whole one
