"""Any bytes as a mail: parsed or refused, storable, and in linear time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Item
from channels.errors import Malformed
from channels.tests.adapters.test_contract import assert_storable
from channels.tests.email_samples import ADAPTER, MAILS, OURS, parsed
from channels.tests.growth import assert_linear


@pytest.mark.parametrize("data", [b"", b"\n \r\n", b"%PDF-1.4 x", b"\x89PNG\r\n", b"\0" * 400, b'{"id": 1}', b"[1]"])
def test_what_is_no_mail_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        list(ADAPTER.documents(data, OURS))
    assert "\n" not in str(caught.value)


def test_fetching_the_payloads_needs_every_trap_that_is_listed() -> None:
    assert len(MAILS) >= 25


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for item in (Item("x", {}, data), Item("x", {"body_only": True}, data)):
        mention = ADAPTER.parse(item, OURS)
        assert mention is not None
        assert_storable(mention)


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
