"""Mail rules: our own mail, automatic mail, bounces, and the requester of a forwarded mail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.tests.email_samples import BASE, OURS, PAYLOADS, parsed, with_header


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
        (signed("mx.acme.example", "spf=none (helo (x); dkim=pass header.d=acme.example)"), False),
        (signed("mx.acme.example", 'spf=none smtp.mailfrom="a; dkim=pass header.d=acme.example"@evil.example'), False),
        (signed("mx.acme.example", "spf=none (helo; dkim=pass header.d=acme.example"), False),
        (signed("mx.acme.example", "spf=none helo) ; dkim=pass header.d=acme.example"), False),
        (signed("mx.evil.example", "dkim=pass header.d=acme.example"), False),
        (signed("mx.acme.example", "dkim=none") + signed("mx.acme.example", "dkim=pass header.d=acme.example"), False),
        ("From: x@evil.example\n" + signed("mx.acme.example", "dkim=pass header.d=acme.example"), False),
    ],
)
def test_a_mail_is_ours_only_when_our_server_vouches_for_it(text: str, own: bool) -> None:
    assert parsed(text).is_own is own


def test_authentication_of_anybody_is_recorded() -> None:
    vouched = "Authentication-Results: mx.acme.example; dkim=pass header.d=widgets.example\n"
    assert parsed(vouched + with_header()).extra["authenticated"] is True
    assert "authenticated" not in parsed(with_header()).extra


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
def test_automatic_mail_is_known_by_its_headers(header: str, auto: bool) -> None:
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


def test_a_delay_is_recorded_and_is_no_bounce() -> None:
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
    text = "Reply-To: sam@acme.example\n" + text
    return text.replace("Acme?", body)


@pytest.mark.parametrize(("subject", "body"), FORWARDS.values(), ids=FORWARDS)
def test_a_colleagues_forward_has_the_original_sender_as_requester(subject: str, body: str) -> None:
    mention = parsed(from_sam(subject, body))
    assert mention.requester is not None
    assert mention.requester.id == "zack@zip.example"
    assert mention.author.id == "sam@acme.example"
    assert not mention.is_own
    assert mention.extra["forwarded_by"] == "sam@acme.example"
    assert mention.extra["reply_to"] == []


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
