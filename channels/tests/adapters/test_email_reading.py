"""Mail from bytes to mention: threads, times, addresses and content."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.adapters import email as email_adapter
from channels.adapters.email.mime.addresses import read_addresses
from channels.adapters.email.mime.headers import decode_words, read_date, read_params
from channels.adapters.email.parsing.references import read_ids
from channels.contract import Author, Capability, Item, digest
from channels.errors import Malformed
from channels.tests.email_samples import ADAPTER, OURS, parsed, with_header

# --- threads -----------------------------------------------------------------------------------------------------


def test_thread_keys_are_in_reply_to_then_references_backwards() -> None:
    mention = parsed(with_header("In-Reply-To: <c@x>", "References: <a@x>\n <b@x> <c@x>"))
    assert mention.thread_id == "a@x"
    assert mention.parent_id == "c@x"
    assert mention.thread_keys == ("c@x", "b@x", "a@x")


def test_without_in_reply_to_the_parent_is_the_last_reference() -> None:
    assert parsed(with_header("References: <a@x> <b@x>")).parent_id == "b@x"


def test_a_mail_of_its_own_is_its_own_thread() -> None:
    mention = parsed(with_header("In-Reply-To:", "References: "))
    assert (mention.thread_id, mention.parent_id, mention.thread_keys) == ("q@widgets.example", None, ())


def test_a_subject_never_makes_a_thread() -> None:
    first, second = parsed(with_header()), parsed(with_header().replace("q@", "r@").replace("Hoodie", "Re: Hoodie"))
    assert {first.thread_id, *first.thread_keys}.isdisjoint({second.thread_id, *second.thread_keys})


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x>", ("a@x",)),
        ("<a@x>\r\n\t<b@x>", ("a@x", "b@x")),
        ("<a@\r\n x>", ("a@x",)),
        ("a@x", ("a@x",)),
        ("Your message of <a@x> today", ("a@x",)),
        ("Message from Friday", ()),
        ("<>", ()),
        ("<a@x><a@x>", ("a@x",)),
        ("<no-at-sign>", ("no-at-sign",)),
    ],
)
def test_ids_are_read_whatever_stands_around_them(value: str, ids: tuple[str, ...]) -> None:
    assert read_ids(value) == ids


def test_an_endless_message_id_fits_and_keeps_its_identity() -> None:
    long = f"{'x' * 3000}@widgets.example"
    first, again = (parsed(f"Message-ID: <{long[:1900]}>\n\nhi") for _ in range(2))
    other = parsed(f"Message-ID: <y{long[:1899]}>\n\nhi")
    assert len(first.external_id) <= 500
    assert first.external_id == again.external_id != other.external_id


def test_two_copies_of_a_mail_without_id_are_one_and_different_bodies_are_two() -> None:
    text = "Received: from a by b; Mon, 12 Jan 2026 09:15:22 +0000\nDelivered-To: x@acme.example\nFrom: o@p.example\n"
    other = text.replace("from a by b", "from c by d").replace("x@acme", "y@acme").replace("\n", "\r\n")
    first, copy = parsed(text + "\nAcme\n"), parsed(other + "\r\nAcme\r\n")
    assert first.external_id == copy.external_id
    assert parsed(text + "\nAcme!\n").external_id != first.external_id


def test_two_delivered_copies_have_one_digest_and_another_body_has_another() -> None:
    copies = [parsed(f"Delivered-To: {to}\nReceived: by {to}\n" + with_header()) for to in ("a@acme.example", "b@x")]
    assert digest(copies[0]) == digest(copies[1])
    assert digest(parsed(with_header(body="something else"))) != digest(copies[0])


# --- times -------------------------------------------------------------------------------------------------------


def test_internal_date_beats_the_date_header() -> None:
    mention = parsed(with_header("Date: Mon, 01 Jan 2001 00:00:00 +0000"), internal_date="2026-01-12T10:00:00+01:00")
    assert mention.posted_at == datetime(2026, 1, 12, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 12 Jan 2026 10:15:20 +0100", "2026-01-12T09:15:20+00:00"),
        ("12 Jan 2026 10:15:20 GMT", "2026-01-12T10:15:20+00:00"),
        ("Mon, 12 Jan 2026 10:15:20 -0000", "2026-01-12T10:15:20+00:00"),
        ("Mon, 12 Jan 2026 23:59:60 +0000", "2026-01-12T23:59:59+00:00"),
        (" 7-Jul-2026 02:44:25 -0700", "2026-07-07T09:44:25+00:00"),
        ("Mon, 12 Jan 26 10:15 EST", "2026-01-12T15:15:00+00:00"),
        ("yesterday", None),
        ("Mon, 99 Jan 2026 10:15:20 +0100", None),
        ("Mon, 12 Jan 99999999999 10:15:20 +9999", None),
        ("", None),
    ],
)
def test_dates_are_read_or_unknown(value: str, expected: str | None) -> None:
    at = read_date(value)
    assert (at.isoformat() if at else None) == expected


def test_an_unreadable_date_without_received_is_unknown() -> None:
    assert parsed(with_header("Date: soon")).posted_at is None


# --- people ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Dana <d@x.example>", [("Dana", "d@x.example")]),
        ('"Weaver, Dana" <d@x.example>, e@x.example', [("Weaver, Dana", "d@x.example"), ("", "e@x.example")]),
        ("d@x.example (Dana W.)", [("Dana W.", "d@x.example")]),
        ('"d@x.example" <real@y.example>', [("d@x.example", "real@y.example")]),
        ("Team: a@x.example, B <b@x.example>;, c@x.example",
         [("", "a@x.example"), ("B", "b@x.example"), ("", "c@x.example")]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?Q?Weaver=2C_D=C3=A4na?= <d@x.example>", [("Weaver, Däna", "d@x.example")]),
        ("=?utf-8?Q?D=C3=A4na_<d@x.example>?=", [("Däna", "d@x.example")]),
        ("a@x.example b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        ("<@relay.example:d@x.example>", [("", "d@x.example")]),
        ("Pete(a \\) chap) <pete(his)@x.example>", [("Pete", "pete@x.example")]),
        ("dana at x.example (Dana)", [("Dana", "dana@x.example")]),
        ("'d@x.example' <mailto:d@x.example>", [("'d@x.example'", "d@x.example")]),
        ("d@x.example.", [("", "d@x.example")]),
        ("Dana", []), ("<>", []), ('"', []), ("(", []), ("", []),
    ],
)  # fmt: skip
def test_addresses_are_read_however_they_are_written(value: str, expected: list[tuple[str, str]]) -> None:
    assert [tuple(each) for each in read_addresses(value)] == expected


def test_replies_go_to_reply_to_and_the_author_is_from() -> None:
    mention = parsed(with_header("Sender: bot@list.example", "Reply-To: Home <Dana@home.example>"))
    assert mention.author == Author("dana@widgets.example", "dana@widgets.example")
    assert mention.extra["reply_to"] == ["dana@home.example"]


def test_without_from_the_sender_header_and_then_the_envelope_name_the_author() -> None:
    assert parsed("Sender: s@x.example\nReturn-Path: <r@x.example>\n\nhi").author.id == "s@x.example"
    assert parsed("Return-Path: <r@x.example>\nSubject: x\n\nhi").author.id == "r@x.example"


def test_addressed_goes_from_the_headers_to_the_envelope_and_knows_plus_addresses() -> None:
    head = "Delivered-To: desk@acme.example\nX-Original-To: Merch+x1@Acme.example\n"
    mention = parsed(head + with_header("Cc: Community <COMMUNITY@acme.example>"))
    assert mention.addressed == (
        ("merch@acme.example", "community@acme.example", "desk@acme.example", "merch+x1@acme.example"),
    )


# --- content -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= b", "a b"),
        ("=?utf-8?q?=E2=82?= =?utf-8?q?=AC?=", "€"),
        ("=?iso-8859-1?q?=80?=", "€"),
        ("=?utf-8*en?q?a_b?=", "a b"),
        ("=?utf-8?b?YQ?=", "a"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("x=?utf-8?q?a?=y", "xay"),
        ("=?nonsense?q?=FC?=", "ü"),
        ("=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
    ],
)
def test_encoded_words_are_decoded_as_far_as_they_can_be(value: str, text: str) -> None:
    assert decode_words(value) == text


def test_parameters_take_continuations_quotes_and_broken_charsets() -> None:
    value = 'Attachment; filename*0*=nonsense\'\'a%FC; filename*1="b.txt"; size=3; x="a \\"q\\" b"; y'
    main, params = read_params(value)
    assert main == "attachment"
    assert params == {"filename": "aüb.txt", "size": "3", "x": 'a "q" b'}


def test_a_mail_whose_only_text_has_a_file_name_still_says_it() -> None:
    head = "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
    text = "Content-Type: text/plain; name=report.txt\n\nIt failed.\n--b--"
    mention = parsed(head + text)
    assert mention.text == "It failed."
    assert [each.name for each in mention.attachments] == ["report.txt"]
    attached = parsed(head + "Content-Disposition: attachment\n" + text)
    assert attached.text == ""


def test_the_root_of_related_parts_is_the_one_of_the_declared_type() -> None:
    picture = "--b\nContent-Type: image/png\nContent-ID: <p@x>\n\nPNG\n"
    page = "--b\nContent-Type: text/html\n\n<p>Hello</p>\n--b--"
    mention = parsed(f"Content-Type: multipart/related; boundary=b; type=text/html\n\n{picture}{page}")
    assert mention.html == "<p>Hello</p>"
    assert [each.content_id for each in mention.attachments] == ["p@x"]


def test_attachments_above_the_cap_keep_name_size_and_hash() -> None:
    text = "Content-Type: text/plain; name=big.txt\nContent-Disposition: attachment\n\n" + "x" * 100
    config = replace(OURS, settings={"attachment_max_bytes": 10})
    (capped,) = parsed(text, config).attachments
    (whole,) = parsed(text).attachments
    assert capped.content is None
    assert whole.content == b"x" * 100
    assert (capped.name, capped.size, capped.sha256) == (whole.name, whole.size, whole.sha256)


def test_a_huge_recorded_mail_keeps_its_text_and_notes_its_attachments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_adapter, "MAX_RAW_BYTES", 5_000)
    monkeypatch.setattr(email_adapter, "OVERSIZE_HEAD_BYTES", 1_000)
    raw = (
        b"Message-ID: <h@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee the log.\n--b\n"
        b"Content-Disposition: attachment; filename=log.txt\n\n" + b"x" * 9_000 + b"\n--b--\n"
    )
    (item,) = ADAPTER.split(raw, OURS)
    assert item.raw is not None
    assert len(item.raw) == 1_000
    stored = Item(item.external_id, json.loads(json.dumps(item.payload)), item.raw)
    mention = ADAPTER.parse(stored, OURS)
    assert mention is not None
    assert mention.text == "See the log."
    assert [(each.name, each.size, each.content) for each in mention.attachments] == [("log.txt", 9_000, None)]
    assert mention.extra["truncated"] is True


def test_nesting_without_end_is_cut_and_not_followed() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000))
    assert parsed(deep + b"\nbottom").external_id
    wide = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Disposition: attachment\n\nx\n" * 5_000
    assert len(parsed(wide).attachments) <= 500


def test_a_placeholder_fails_with_its_reason() -> None:
    with pytest.raises(Malformed, match="mail 7 is broken"):
        ADAPTER.parse(Item("INBOX/1/7", {"error": "mail 7 is broken"}), OURS)


def test_mail_is_answered_but_never_edited_and_its_absence_never_proved() -> None:
    assert ADAPTER.capabilities == {Capability.SEND}
