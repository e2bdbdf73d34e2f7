from __future__ import annotations

import pytest

from channels.toolkit.graphemes import grapheme_count


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", 0),
        ("plain", 5),
        ("a\r\nb", 3),
        ("äö", 2),
        ("a\u0308o\u0308", 2),
        ("日本語", 3),
        ("👩‍👩‍👧", 1),
        ("👍🏽!", 2),
        ("🇩🇪🇫🇷", 2),
        ("❤️", 1),
        ("नि", 1),
    ],
)
def test_what_is_seen_as_one_character_counts_once(text: str, seen: int) -> None:
    assert grapheme_count(text) == seen
