"""Whatever bytes come as a mail: read or refused, storable, and in linear time."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Item, Mention, digest, inspect_record, parse_all
from channels.errors import Malformed
from channels.tests.email_samples import ADAPTER, MAILS, OURS, parsed
from channels.tests.growth import assert_linear


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
    config = replace(OURS, settings={**OURS.settings, "trusted_authserv": "mx.acme.example"})
    assert_linear(lambda length: parsed(raw[:length], config), len(raw))
