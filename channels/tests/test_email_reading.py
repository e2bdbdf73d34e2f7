"""Mail from bytes to mention: threads, addresses, whose mail it is, and that no bytes whatever break it."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.adapters import email as email_adapter
from channels.adapters.email import EmailAdapter
from channels.adapters.email.addresses import read_addresses
from channels.adapters.email.headers import decode_words, read_date, read_params
from channels.adapters.email.references import read_ids
from channels.contract import Author, Capability, Config, Item, Mention, digest, inspect_record, parse_all
from channels.errors import Malformed

ADAPTER = EmailAdapter()
PAYLOADS = Path(__file__).parent / "payloads" / "email"
MAILS = sorted(path for path in PAYLOADS.iterdir() if path.suffix in (".eml", ".mbox", ".txt", ".html"))
OURS = Config(
    settings={"default_domain": "acme.example", "trusted_authserv": "mx.acme.example", "sent_folder": "Sent"},
    addresses=("merch@acme.example", "community@acme.example"),
    own=frozenset({"sam@acme.example"}),
)
BASE = "From: dana@widgets.example\nTo: merch@acme.example\nSubject: Hoodie\nMessage-ID: <q@widgets.example>\n"


def parsed(text: str | bytes, config: Config = OURS, **payload: Any) -> Mention:
    raw = text.encode() if isinstance(text, str) else text
    mention = ADAPTER.parse(Item("x", payload, raw), config)
    assert mention is not None
    return mention


def with_header(*lines: str, body: str = "Acme?") -> str:
    return BASE + "".join(f"{line}\n" for line in lines) + f"\n{body}\n"


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


def test_addressed_goes_from_the_envelope_to_the_headers_and_knows_plus_addresses() -> None:
    head = "Delivered-To: desk@acme.example\nX-Original-To: Merch+x1@Acme.example\n"
    mention = parsed(head + with_header("Cc: Community <COMMUNITY@acme.example>"))
    assert mention.addressed == (
        ("desk@acme.example", "merch+x1@acme.example", "merch@acme.example"),
        ("merch@acme.example", "community@acme.example"),
    )


def signed(server: str, result: str) -> str:
    return f"Authentication-Results: {server}; {result}\n" + with_header().replace("dana@widgets", "sam@acme")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (signed("mx.acme.example", "dkim=pass header.d=acme.example"), True),
        (signed("mx.acme.example 1", "spf=none; dkim=pass (good; key) header.i=@mail.acme.example"), True),
        (signed("mx.acme.example", "spf=pass smtp.mailfrom=bounce@acme.example"), True),
        (signed("mx.acme.example", "dmarc=pass header.from=acme.example"), True),
        (signed("mx.acme.example", "dkim=fail header.d=acme.example"), False),
        (signed("mx.acme.example", "dkim=pass header.d=evil.example"), False),
        (signed("mx.acme.example", "dkim=pass header.d=example"), False),
        (signed("mx.acme.example", "dkim=pass header.d=notacme.example"), False),
        (signed("mx.acme.example", "dkim=none (dkim=pass header.d=acme.example)"), False),
        (signed("mx.evil.example", "dkim=pass header.d=acme.example"), False),
        (signed("mx.acme.example", "dkim=none") + signed("mx.acme.example", "dkim=pass header.d=acme.example"), False),
        ("From: x@evil.example\n" + signed("mx.acme.example", "dkim=pass header.d=acme.example"), False),
    ],
)
def test_a_mail_is_ours_only_when_our_server_vouches_for_it(text: str, own: bool) -> None:
    assert parsed(text).is_own is own


def test_nobody_is_vouched_for_without_a_trusted_server() -> None:
    config = replace(OURS, settings={"default_domain": "acme.example"})
    mention = parsed(signed("", "dkim=pass header.d=acme.example"), config)
    assert not mention.is_own
    assert mention.extra["claims_own"] is True


def test_a_mail_in_our_sent_folder_is_ours_and_not_automatic() -> None:
    text = BASE.replace("q@widgets.example", "0d5e6f1a-0000-4000-8000-0000000000aa@acme.example")
    mention = parsed(text.replace("dana@widgets", "merch@acme") + "\nIt is on its way.", folder="Sent")
    assert mention.is_own
    assert not mention.is_auto


# --- automatic mail, bounces, forwards ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "auto"),
    [
        ("Auto-Submitted: auto-replied (vacation)", True),
        ("Auto-Submitted: auto-generated; owner=x", True),
        ("Auto-Submitted: No", False),
        ("X-Autoreply: yes", True),
        ("X-Autoreply: no", False),
        ("Precedence: Bulk", True),
        ("Precedence: list", True),
        ("Precedence: junk", True),
        ("Precedence: auto_reply", True),
        ("Precedence: normal", False),
        ("X-Auto-Response-Suppress: OOF, AutoReply", True),
        ("X-Auto-Response-Suppress: None", False),
        ("List-Id: <acme.lists.example>", True),
        ("List-Unsubscribe: <https://lists.example/u>", True),
        ("X-Loop: acme", True),
        ("X-Failed-Recipients: x@y.example", True),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b", True),
        ("Return-Path: <>", True),
        ("Return-Path: <dana@widgets.example>", False),
        ("X-Priority: 1", False),
    ],
)
def test_automatic_mail_is_told_by_its_headers(header: str, auto: bool) -> None:
    assert parsed(with_header(header)).is_auto is auto


def test_our_own_message_id_coming_back_is_a_loop_and_others_of_our_domain_are_not() -> None:
    own_id = "0d5e6f1a-0000-4000-8000-0000000000aa@acme.example"
    looped = parsed(with_header().replace("q@widgets.example", own_id))
    assert looped.is_auto
    assert looped.extra["our_message_id"] is True
    colleague = parsed(with_header().replace("q@widgets.example", "CAF123@acme.example"))
    assert not colleague.is_auto


def test_a_bounce_is_tied_to_what_bounced() -> None:
    mention = parsed((PAYLOADS / "bounce_dsn.eml").read_bytes())
    assert mention.bounced_id == "0d5e6f1a-0000-4000-8000-0000000000bb@acme.example"
    assert mention.thread_keys[0] == mention.bounced_id
    assert mention.extra["bounce"] == {
        "about": mention.bounced_id,
        "action": "failed",
        "status": "5.1.1",
        "recipient": "gone@widgets.example",
        "diagnostic": "550 5.1.1 <gone@widgets.example>: user unknown",
    }


def test_a_delay_is_told_and_is_no_bounce() -> None:
    mention = parsed((PAYLOADS / "bounce_delayed.eml").read_bytes())
    assert mention.bounced_id is None
    assert mention.extra["bounce"]["action"] == "delayed"
    assert mention.extra["bounce"]["about"] == mention.thread_keys[0]


def test_a_person_who_writes_about_delivery_is_no_bounce() -> None:
    mention = parsed(with_header(body="Delivery failed: 550 5.1.1 user unknown").replace("Hoodie", "Delivery failed"))
    assert not mention.is_auto
    assert mention.bounced_id is None


FORWARDS = {
    "gmail": ("Fwd: Zip", "---------- Forwarded message ---------\nFrom: Zack <zack@zip.example>\nDate: today\n\nHi"),
    "gmail, unchanged subject": (
        "Zip", "---------- Forwarded message ---------\nFrom: Zack <zack@zip.example>\nDate: today\n\nHi"),
    "apple": ("Fwd: Zip", "Look!\n\nBegin forwarded message:\n\nFrom: Zack <zack@zip.example>\nSubject: Zip\n\nHi"),
    "apple, quoted": ("Fwd: Zip", "Begin forwarded message:\n\n> From: Zack <zack@zip.example>\n> Subject: Zip\n> Hi"),
    "outlook": ("FW: Zip", "________________________________\nFrom: Zack [mailto:zack@zip.example]\nSent: now\nTo: S"),
    "outlook, old": ("FW: Zip", "-----Original Message-----\nFrom: zack@zip.example\nTo: Sam\nSubject: Zip\n\nHi"),
    "outlook, german": ("WG: Zip", "Von: Zack <zack@zip.example>\nGesendet: heute\nAn: Sam\nBetreff: Zip\n\nHallo"),
}  # fmt: skip


def from_sam(subject: str, body: str, server: str = "mx.acme.example") -> str:
    text = signed(server, "dkim=pass header.d=acme.example").replace("Hoodie", subject)
    return text.replace("Acme?", body)


@pytest.mark.parametrize(("subject", "body"), FORWARDS.values(), ids=FORWARDS)
def test_a_colleagues_forward_has_the_original_sender_as_requester(subject: str, body: str) -> None:
    mention = parsed(from_sam(subject, body))
    assert mention.requester is not None
    assert mention.requester.id == "zack@zip.example"
    assert mention.author.id == "sam@acme.example"
    assert not mention.is_own
    assert mention.extra["forwarded_by"] == "sam@acme.example"


def test_a_forwarded_attachment_has_its_sender_as_requester() -> None:
    inner = "From: Zack <zack@zip.example>\nSubject: Zip\n\nBroken."
    text = from_sam("Fwd: Zip", f"--b\n\nSee below\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b--")
    mention = parsed("Content-Type: multipart/mixed; boundary=b\n" + text)
    assert mention.requester is not None
    assert mention.requester.id == "zack@zip.example"
    assert [each.name for each in mention.attachments] == ["Zip.eml"]


@pytest.mark.parametrize(
    "text",
    [
        from_sam("Re: Zip", "Sure.\n\n-----Original Message-----\nFrom: zack@zip.example\nTo: Sam\nSubject: Zip\n\nHi"),
        from_sam("Zip", "From: zack@zip.example\nSent: today\nTo: Sam\nSubject: Zip\n\nHi"),
        from_sam(*FORWARDS["gmail"], server="mx.evil.example"),
        with_header(body=FORWARDS["gmail"][1]).replace("Hoodie", "Fwd: Zip"),
    ],
)
def test_replies_strangers_and_unproved_colleagues_forward_nothing(text: str) -> None:
    assert parsed(text).requester is None


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
    monkeypatch.setattr(email_adapter, "KEPT_OF_LARGER", 1_000)
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


# --- files, fuzz, speed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\n \r\n", b"%PDF-1.4 x", b"\x89PNG\r\n", b"\0" * 400, b'{"id": 1}', b"[1]"])
def test_what_is_no_mail_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        list(ADAPTER.documents(data, OURS))
    assert "\n" not in str(caught.value)


def test_fetching_the_payloads_needs_every_trap_that_is_listed() -> None:
    assert len(MAILS) >= 25


@given(st.sampled_from(MAILS), st.randoms(use_true_random=False))
def test_mutated_mails_are_read_or_refused_and_nothing_else(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at : at + chance.randint(1, 40)] = b""
            case 1:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
            case 2:
                data[at:at] = chance.choice(SPLICES)
            case 3:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                other = chance.choice(MAILS).read_bytes()
                data[at:at] = other[: chance.randrange(len(other) + 1)]
    try:
        mentions = list(parse_all(ADAPTER, ADAPTER.documents(bytes(data), OURS), OURS))
    except Malformed:
        return
    for mention in mentions:
        assert_storable(mention)


SPLICES = [
    b"\n\n", b"\r", b"\r\n", b"\0", b"--", b"=?utf-8?B?", b"?=", b"<", b">", b'"', b";", b"From ", b"charset=utf-7\n",
    b"+2AA-", b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: message/rfc822\n\n", b"\nend\n",
    b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n", b"begin 644 x\n",
    b"Content-Type: text/html; charset=utf-16\n\n", b"Content-Type: message/delivery-status\n\n", b"\xff\xfe",
    b"charset*0*=x''%", b"filename*1*=", b"Date: \n", b"References: <",
]  # fmt: skip


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for item in (Item("x", {}, data), Item("x", {"body_only": True}, data)):
        mention = ADAPTER.parse(item, OURS)
        assert mention is not None
        assert_storable(mention)


def assert_storable(mention: Mention) -> None:
    """What the database takes: no NUL, no half characters, bounded ids and names."""
    stored = json.dumps([inspect_record(mention), dict(mention.extra), mention.thread_keys, mention.addressed])
    assert "\\u0000" not in stored
    json.loads(stored)
    json.dumps(inspect_record(mention), ensure_ascii=False).encode()
    assert 0 < len(mention.external_id) <= 500
    assert 0 < len(mention.thread_id) <= 500
    assert len(mention.author.id) <= 254
    assert len(mention.subject or "") <= 1000
    assert all(0 < len(each.name) <= 300 and len(each.type) <= 150 for each in mention.attachments)
    assert all(len(each.content_id or "") <= 300 for each in mention.attachments)
    assert len(digest(mention)) == 16


HOSTILE = {
    "open brackets": b"From: " + b"<" * 200_000 + b"\n\nx",
    "open quotes": b"From: " + b'"\\' * 100_000 + b"\n\nx",
    "open comments": b"From: " + b"(" * 200_000 + b"\n\nx",
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 50_000 + b"\n\nx",
    "ids": b"References: " + b"<a" * 200_000 + b"\n\nx",
    "parameters": b"Content-Type: text/plain" + b'; a="' * 50_000 + b"\n\nx",
    "folded header": b"X-A: y\n" + b" z\n" * 100_000 + b"\nx",
    "headers": b"X-A: y\n" * 100_000 + b"\nx",
    "boundaries": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bb\n" * 100_000,
    "uuencode": b"Subject: x\n\n" + b"begin 644 x\n" * 40_000,
    "html": b"Content-Type: text/html\n\n" + b"<a href='" * 60_000,
    "forward": b"From: sam@acme.example\nSubject: Fwd: x\n\n" + b"Forwarded message" + b" " * 300_000 + b"x",
    "bounce": b"From: mailer-daemon@x\nSubject: failure\n\n" + b" <a@b> (" * 60_000,
    "authentication": b"From: sam@acme.example\nAuthentication-Results: mx.acme.example;" + b"(" * 200_000 + b"\n\nx",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_costs_linear_time(raw: bytes) -> None:
    started = time.perf_counter()
    config = replace(OURS, settings={**OURS.settings, "trusted_authserv": "mx.acme.example"})
    parsed(raw, config)
    assert time.perf_counter() - started < 3
