"""Chooses a ticket's words for searching elsewhere: product words first, no stop words, nothing about the person.
Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

MAX_WORDS = 4
"""Most systems require all words: more words find less."""
_NOT_TEXT = re.compile(r"https?://.*|[@#]\w+", re.IGNORECASE)
"""Between two spaces."""
_WORD = re.compile(r"[^\W\d_][\w.-]{1,30}", re.UNICODE)
_STOP_WORDS = """
    a about after again all also am an and any anybody anyone are as at be because been before being but by can cannot
    could did do does doing done each even every everything few find for from get gets getting give go going good got
    had has have having he hello help her here hey hi him his how i if in into is issue it its just keep keeps know
    known last let like little ll look looking lot love make makes many may me mean might more most much must my need
    needs never new no nobody not nothing now of off on one only or other our out over own people please problem
    question quite rather really s same say see seem seems she should since so some somebody someone something still
    such sure t take than thank thanks that the their them then there these they thing things think this those though
    through time to today tried try trying two under until up us use used user users using ve very want wants was way
    we week well were what when where which while who why will with without wondering work working works would yes
    yesterday yet you your ich du er sie wir ihr der die das den dem des ein eine einen einem einer und oder aber nicht
    kein keine ist sind war hat haben mit von zu zum zur im auf für bei nach wie wer warum wann wo kann können bitte
    danke hallo auch le la les un une et ou mais ne pas est sont avec pour dans sur que qui quoi comment pourquoi merci
    bonjour el los las una y o pero es son con para en por como gracias hola
"""
_STOP = frozenset(_STOP_WORDS.split())

_vocabularies: list[Callable[[], Iterable[str]]] = []


def register_vocabulary(source: Callable[[], Iterable[str]]) -> None:
    """For upper floors, at app start: registers lower-case words and phrases of the product."""
    if source not in _vocabularies:
        _vocabularies.append(source)


def vocabulary() -> frozenset[str]:
    """All known product words."""
    return frozenset(word.lower() for source in _vocabularies for word in source())


def words_of(texts: Iterable[str], *, product: frozenset[str] = frozenset(), without: Iterable[str] = ()) -> list[str]:
    """At most MAX_WORDS words: the product's in order, then the longest others. `without`: names to leave out (the
    person's, the company's)."""
    hidden = {part.lower() for text in without for part in _WORD.findall(text)} | {"@"}
    found: dict[str, None] = {}
    for text in texts:
        for match in _WORD.findall(_without_addresses(text[:5000])):
            word = match.rstrip(".-").lower()
            if len(word) > 1 and word not in _STOP and word not in hidden:
                found.setdefault(word)
    ours = [word for word in found if word in product]
    rest = sorted((word for word in found if word not in product and len(word) > 3), key=lambda word: -len(word))
    return [*ours, *rest][:MAX_WORDS]


def _without_addresses(text: str) -> str:
    """No links, mail addresses, handles and hashtags."""
    return " ".join(_NOT_TEXT.sub(" ", part) for part in text.split() if "@" not in part[1:-1])
