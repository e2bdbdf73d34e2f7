"""Folding of quoted text: new text is separated from quotes, and not a character is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.tests.growth import assert_linear
from channels.toolkit.quotes import fold_quotes, written_now

GMAIL = "It works now.\n\nOn Mon, Jan 12, 2026 at 5:00 PM Acme Merch <merch@acme.example>\nwrote:\n\n> Try again."
ATTRIBUTIONS = {
    "english": "On 12 Jan 2026, at 17:00, Acme <merch@acme.example> wrote:",
    "german": "Am Mo., 12. Jan. 2026 um 17:00 Uhr schrieb Acme <merch@acme.example>:",
    "french": "Le lun. 12 janv. 2026 à 17:00, Acme <merch@acme.example> a écrit :",
    "spanish": "El lun, 12 ene 2026 a las 17:00, Acme (<merch@acme.example>) escribió:",
    "portuguese": "Em seg., 12 de jan. de 2026 às 17:00, Acme <merch@acme.example> escreveu:",
    "italian": "Il giorno lun 12 gen 2026 alle ore 17:00 Acme <merch@acme.example> ha scritto:",
    "dutch": "Op ma 12 jan. 2026 om 17:00 schreef Acme <merch@acme.example>:",
    "swedish": "Den mån 12 jan. 2026 kl 17:00 skrev Acme <merch@acme.example>:",
    "polish": "W dniu 12.01.2026 o 17:00, Acme pisze:",
    "russian": '12.01.2026 17:00, "Acme" написал:',
    "gmail, date first": "2026-01-12 17:00 GMT+01:00 Acme <merch@acme.example>:",
    "only a name": "Acme Merch wrote:",
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_an_attribution_begins_the_quote_in_many_languages(attribution: str) -> None:
    assert fold_quotes(f"Works.\n\n{attribution}\n> Try again.") == [
        ("body", "Works.\n"),
        ("quote", f"{attribution}\n> Try again."),
    ]


def test_an_attribution_folded_over_two_lines_is_one() -> None:
    assert written_now(GMAIL) == "It works now."


def test_everything_below_an_unmarked_attribution_is_quoted() -> None:
    text = "Works.\n\nOn Jan 12, 2026, at 17:00, Acme wrote:\n\nTry again.\n\nMany thanks"
    assert written_now(text) == "Works."


@pytest.mark.parametrize(
    "history",
    [
        "-----Original Message-----\nFrom: Acme\nSent: Monday\nTo: Dana\nSubject: Hoodie\n\nTry again.",
        "________________________________\nFrom: Acme [merch@acme.example]\nSent: Monday\n\nTry again.",
        "From: Acme <merch@acme.example>\nSent: Monday, 12 January 2026\nTo: Dana\nSubject: Hoodie\n\nTry again.",
        "Von: Acme\nGesendet: Montag, 12. Januar 2026\nAn: Dana\nBetreff: Hoodie\n\nNoch einmal.",
        "De : Acme\nEnvoyé : lundi 12 janvier 2026\nÀ : Dana\nObjet : Hoodie\n\nEncore.",
        "---------- Forwarded message ---------\nFrom: Acme\n\nTry again.",
        *(
            f"{space}--{space}_*_Original Message :{space}--{space}\nTry again."
            for space in " \t\xa0\u2003\u202f\u3000"
        ),
    ],
)
def test_a_history_block_is_quoted_to_the_end(history: str) -> None:
    assert fold_quotes(f"Works.\n\n{history}") == [("body", "Works.\n"), ("quote", history)]


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nDana\nWidgets",
        "--\nDana",
        "Sent from my iPhone",
        "Get Outlook for Android",
        "Von meinem iPhone gesendet",
        "Envoyé de mon téléphone",
        "_______________________________________________\nacme-users mailing list\nhttps://lists.example/acme",
    ],
)
def test_a_signature_is_folded_at_the_end_and_above_the_quote(signature: str) -> None:
    assert fold_quotes(f"Works.\n\n{signature}")[-1] == ("signature", signature)
    kinds = [kind for kind, _ in fold_quotes(f"Works.\n\n{signature}\n\nOn 1 Jan 2026, Acme wrote:\n> Try again.")]
    assert kinds == ["body", "signature", "quote"]


def test_an_answer_between_the_lines_stays_visible() -> None:
    text = "On 1 Jan 2026, Acme wrote:\n> Which size?\nMedium.\n> Which colour?\nBlue, thanks."
    assert [kind for kind, _ in fold_quotes(text)] == ["quote", "body", "quote", "body"]
    assert written_now(text) == "Medium.\nBlue, thanks."


@pytest.mark.parametrize(
    "text",
    [
        "On your host you can run:\n\n  telnet 127.0.0.1\n\nThat is what the docs of 2026 say, as somebody wrote:",
        "From: the docs I learned that it is fast.\nTo: be honest, I doubt it.",
        "Sent from my desk, is much easier then my mobile phone.",
        "I use -- twice -- in a sentence.\n- one\n- two\n---\nMore.",
        "Sent from my phone\n\nThis heading is followed by\na whole lot\nof text\nthat goes on\nand on.",
        "",
    ],
)
def test_what_only_looks_like_a_quote_or_signature_is_body(text: str) -> None:
    assert fold_quotes(text) == [("body", text)]


LINES = st.sampled_from(
    ["", " ", "> q", ">> q", "-- ", "--", "Hello", "wrote:", *ATTRIBUTIONS.values(), "From: a", "Sent: b", "To: c",
     "Subject: d", "_" * 32, "Sent from my x", "-----Original Message-----"]
)  # fmt: skip


@given(st.lists(LINES | st.text(max_size=30).filter(lambda line: "\n" not in line), max_size=40))
def test_the_pieces_are_the_text_and_no_two_neighbours_are_of_one_kind(lines: list[str]) -> None:
    text = "\n".join(lines)
    pieces = fold_quotes(text)
    assert "\n".join(piece for _, piece in pieces) == text
    assert all(a[0] != b[0] for a, b in pairwise(pieces))


@pytest.mark.parametrize(
    "unit",
    ["On 1 Jan 2026, Acme wrote:\n> a\n", "> " * 50 + "\n", "_" * 32 + "\n\n", "Sent from my x\n\n\n", " " * 200 + "\n",
     "On 1\n", "From: a\nTo: b\n", "Thanks, "],
)  # fmt: skip
def test_hostile_text_costs_linear_time(unit: str) -> None:
    assert_linear(lambda count: fold_quotes(unit * count), 300_000 // len(unit))
