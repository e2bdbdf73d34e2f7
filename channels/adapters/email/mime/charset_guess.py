"""Guesses the charset of undeclared 8-bit text. Pure, linear.

Headers are too short for letter-pair statistics (charset-normalizer gets two of five such subjects wrong), so this
checks two simple things: how the non-ASCII bytes cluster, and whether they decode to frequent letters of the charset's
language, in plausible case.
"""

from __future__ import annotations

import re
from itertools import pairwise

MAX_BYTES = 4096
_HIGH = re.compile(rb"[\x80-\xff]+")
_BIG5 = re.compile(rb"[\xa1-\xc6][\x40-\x7e\xa1-\xfe]")
_PAIR = re.compile(rb"[\xa1-\xfe]{2}")
_IN_WORD = re.compile(rb"[A-Za-z][\x80-\xff]{1,2}+(?![\x80-\xff])|(?<![\x80-\xff])[\x80-\xff]{1,2}+[A-Za-z]")
_LATIN_RUN = 1.7
"""Mean run length of non-ASCII bytes: accented letters stand alone between others, other scripts form whole words."""
_FREQUENT = {
    "cp1251": "оеаинтсрвлкмдпуяізі",
    "koi8_r": "оеаинтсрвлкмдпуя",
    "cp866": "оеаинтсрвлкмдпуя",
    "cp1253": "αοιετσνηυρπκμλςίόά",
    "cp1255": "יוהלאמרתבשנםדק",
    "cp1256": "المنيرتوبعدسهحة",
    "cp874": "านรกอเงมยลวดท่้สตะีิคบหป",
}
_ENOUGH, _SURE = 0.5, 0.75


def guess(data: bytes) -> str:
    """A Python codec for bytes that aren't UTF-8; windows-1252 unless another is likelier."""
    data = data[:MAX_BYTES]
    runs = _HIGH.findall(data)
    if not runs:
        return "cp1252"
    if sure := _by_their_bytes(data):
        return sure
    multibyte, (score, codec) = _multibyte(data), _single_byte(data)
    is_latin = sum(map(len, runs)) / len(runs) <= _LATIN_RUN or 2 * len(_IN_WORD.findall(data)) >= len(runs)
    if is_latin:
        return "cp1252"
    if multibyte and score <= _SURE:
        return multibyte
    return codec if score > _ENOUGH else "cp1252"


def _single_byte(data: bytes) -> tuple[float, str]:
    return max((_score(data, codec), codec) for codec in _FREQUENT)


def _score(data: bytes, codec: str) -> float:
    """Share of frequent letters among the non-ASCII ones; capitals inside words count against it."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    beyond = [letter for letter in text if letter > "\x7f"]
    frequent = sum(letter.lower() in _FREQUENT[codec] for letter in beyond)
    swapped = sum(b.isupper() and a.islower() for a, b in pairwise(text))
    return (frequent - 2 * swapped) / len(beyond)


def _by_their_bytes(data: bytes) -> str:
    """Shift_JIS by its kana, Big5 by its common characters; both use ASCII bytes as second bytes."""
    if _decodes(data, "cp932") and _share(data, "cp932", "ぁ", "ヶ") > 0.25:
        return "cp932"
    if _decodes(data, "big5") and 2 * len(_BIG5.findall(data)) > 0.6 * len(data.replace(b" ", b"")):
        return "big5" if not _multibyte(data) else ""
    return ""


def _multibyte(data: bytes) -> str:
    """Chinese, Japanese or Korean by the table rows of their common characters; "" for none."""
    pairs = [pair for run in _HIGH.findall(data) for pair in _PAIR.findall(run)]
    if pairs and sum(map(len, pairs)) == sum(len(run) for run in _HIGH.findall(data)):
        rows = [pair[0] for pair in pairs]
        if _decodes(data, "euc_jp") and sum(row in (0xA4, 0xA5) for row in rows) >= len(rows) / 4:  # kana
            return "euc_jp"
        if _decodes(data, "cp949") and all(0xB0 <= row <= 0xC8 or row < 0xA4 for row in rows):  # Hangul
            return "cp949"
        if _decodes(data, "gb18030") and sum(0xB0 <= row <= 0xD7 or row < 0xA4 for row in rows) > len(rows) / 2:
            return "gb18030"
    return next((c for c in ("cp932", "gb18030") if _decodes(data, c) and _share(data, c, "一", "龥") > 0.7), "")


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _share(data: bytes, codec: str, first: str, last: str) -> float:
    beyond = [letter for letter in data.decode(codec) if letter > "\x7f"]
    return sum(first <= letter <= last for letter in beyond) / len(beyond)
