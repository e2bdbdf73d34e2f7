"""Chats: the same mentions wherever a log is split into chunks, resuming, conversations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.adapters.chatlog import ChatLog
from channels.adapters.chatlog.bursts import Change, ChatLine, State, advance, state_from
from channels.contract import Config, Item

ADAPTER = ChatLog()
ROOM = {"id": "!r:x", "name": "#acme:x"}
NOON = 1_763_715_600


def line(number: int, speaker: str, at: float, text: str = "Acme") -> ChatLine:
    return ChatLine(f"${number}", speaker, NOON + at, text)


def made(items: list[Item]) -> dict[str, tuple[str, list[str]]]:
    """Id → (conversation, texts): the latest version of each."""
    return {i.external_id: (i.payload["anchor"], [entry["text"] for entry in i.payload["lines"]]) for i in items}


def read_in_pieces(lines: list[ChatLine], cuts: list[int], overlap: int = 0) -> dict[str, tuple[str, list[str]]]:
    state, items, at = State(), [], 0
    for cut in [*sorted(cuts), len(lines)]:
        stored = json.loads(json.dumps(state.to_json()))
        piece = lines[max(0, at - overlap) : cut] if at else lines[:cut]
        found, state = advance(state_from(stored), piece, [], ["Acme"], ROOM)
        items += found
        at = cut
    return made(items)


_said = st.tuples(st.sampled_from("ab"), st.sampled_from((1, 290, 310, 3500, 3700)), st.sampled_from(("Acme", "hm")))


@settings(max_examples=400, deadline=None)
@given(said=st.lists(_said, max_size=24), cuts=st.lists(st.integers(0, 24), max_size=6), overlap=st.integers(0, 3))
def test_a_log_in_pieces_makes_the_same_mentions(said: list[Any], cuts: list[int], overlap: int) -> None:
    at, lines = 0, []
    for number, (speaker, pause, text) in enumerate(said):
        at += pause
        lines.append(line(number, speaker, at, text))
    cuts = [min(cut, len(lines)) for cut in cuts]
    assert read_in_pieces(lines, cuts, overlap) == read_in_pieces(lines, [])


def test_lines_in_one_go_are_one_text_and_called_by_the_first_that_names_us() -> None:
    lines = [line(1, "ada", 0, "Hi"), line(2, "ada", 100, "Acme hangs"), line(3, "ada", 390, "since today")]
    assert read_in_pieces(lines, []) == {"!r:x/$2": ("$2", ["Hi", "Acme hangs", "since today"])}
    assert read_in_pieces(lines, [2]) == read_in_pieces(lines, [])


@pytest.mark.parametrize(("pause", "conversations"), [(3600, {"$1"}), (3601, {"$1", "$3"})])
def test_an_hour_of_silence_ends_a_conversation(pause: float, conversations: set[str]) -> None:
    lines = [line(1, "ada", 0), line(2, "ben", 10, "hm"), line(3, "ada", pause)]
    assert {anchor for anchor, _ in read_in_pieces(lines, [2]).values()} == conversations


def test_what_the_author_says_meanwhile_keeps_a_conversation_alive() -> None:
    lines = [line(1, "ada", 0), line(2, "ada", 3000, "still here"), line(3, "ada", 6000)]
    assert {anchor for anchor, _ in read_in_pieces(lines, [1, 2]).values()} == {"$1"}


def test_two_people_are_two_conversations() -> None:
    lines = [line(1, "ada", 0), line(2, "ben", 10), line(3, "ada", 20)]
    assert [anchor for anchor, _ in read_in_pieces(lines, []).values()] == ["$1", "$2", "$1"]


def test_a_monologue_is_cut() -> None:
    lines = [line(n, "ada", n) for n in range(100)]
    found = read_in_pieces(lines, [13, 55])
    assert [len(texts) for _, texts in found.values()] == [40, 40, 20]
    assert {anchor for anchor, _ in found.values()} == {"$0"}


def test_ten_lines_before_and_after_come_along() -> None:
    around = [line(n, f"u{n}", n, f"line {n}") for n in range(30)]
    around[15] = line(15, "ada", 15, "Acme?")
    (item,) = advance(State(), around, [], ["Acme"], ROOM)[0]
    mention = ADAPTER.parse(item, Config())
    assert mention
    assert mention.extra["before"] == [f"<u{n}> line {n}" for n in range(5, 15)]
    assert mention.extra["after"] == [f"<u{n}> line {n}" for n in range(16, 26)]


def test_an_edit_and_a_deletion_that_come_later_are_new_versions() -> None:
    _, state = advance(State(), [line(1, "ada", 0, "Acme is slow")], [], ["Acme"], ROOM)
    (edited,), state = advance(state, [], [Change("$1", "it is fast")], ["Acme"], ROOM)
    assert made([edited]) == {"!r:x/$1": ("$1", ["it is fast"])}
    (gone,), _ = advance(state, [], [Change("$1", None)], ["Acme"], ROOM)
    mentions = [ADAPTER.parse(item, Config({"phrases": ["Acme"]})) for item in (edited, gone)]
    assert [m.is_deleted for m in mentions if m] == [False, True]
    assert ADAPTER.fingerprint(edited, Config()) != ADAPTER.fingerprint(gone, Config())
