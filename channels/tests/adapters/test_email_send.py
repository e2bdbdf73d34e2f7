"""Replies by SMTP: the headers that keep a thread together, and whether each failure means that the mail was
accepted."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.adapters.email import EmailAdapter
from channels.adapters.email.sending.compose import compose, reply_subject
from channels.contract import Config, Item, Network, Outgoing
from channels.errors import AuthFailed, BlockedAddress, Rejected, Transient, Uncertain
from channels.tests.email_servers import PASSWORD, USER, ImapServer, Mailer, smtp_serving

ADAPTER = EmailAdapter()
NOW = datetime(2026, 1, 16, 10, 0, tzinfo=UTC)
KEY = "0d5e6f1a-0000-4000-8000-0000000000aa"
REPLY = Outgoing(
    key=KEY,
    text="It is on its way.\n\nYours – Maria",
    thread_id="q1@widgets.example",
    in_reply_to="q2@widgets.example",
    sender="merch@acme.example",
    recipients=("dana@widgets.example",),
    cc=("ops@widgets.example",),
    subject="RE: Aw: Re: Where is my hoodie? – ☂",
    references=("q1@widgets.example", "a1@acme.example", "q2@widgets.example"),
    message_id=f"{KEY}@acme.example",
)
CHANNEL = {"merch@acme.example": {"from_name": "Acme Merch (Zoë)", "signature": "Acme Merch\nacme.example"}}


def config_for(port: int = 25, timeout_s: float = 5.0, **settings: Any) -> Config:
    values = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "plain", "smtp_user": USER, **settings}
    allowed = tuple(f"127.0.0.1:{values[name]}" for name in ("smtp_port", "imap_port") if name in values)
    return Config(
        {"default_domain": "acme.example", **values},
        {"smtp_password": PASSWORD, "imap_password": PASSWORD},
        ("merch@acme.example",),
        network=Network(read_timeout_s=timeout_s, allowed_private=allowed),
        channel_settings=CHANNEL,
    )


@contextmanager
def mailer(timeout_s: float = 5.0, **behaviour: Any) -> Iterator[tuple[Mailer, Config]]:
    handler = Mailer(**behaviour)
    with smtp_serving(handler) as port:
        yield handler, config_for(port, timeout_s)


def read(raw: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def composed(outgoing: Outgoing = REPLY, **settings: Any) -> EmailMessage:
    return read(compose(outgoing, config_for(**settings), NOW).raw)


# --- the mail ----------------------------------------------------------------------------------------------------


def test_a_reply_carries_the_whole_thread_and_comes_from_the_alias() -> None:
    mail = composed()
    assert mail["In-Reply-To"] == "<q2@widgets.example>"
    assert mail["References"].split() == ["<q1@widgets.example>", "<a1@acme.example>", "<q2@widgets.example>"]
    assert mail["Message-ID"] == f"<{KEY}@acme.example>"
    assert mail["From"].addresses[0].addr_spec == "merch@acme.example"
    assert mail["From"].addresses[0].display_name == "Acme Merch (Zoë)"
    assert [each.addr_spec for each in mail["To"].addresses] == ["dana@widgets.example"]
    assert [each.addr_spec for each in mail["Cc"].addresses] == ["ops@widgets.example"]
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] is None
    assert mail["Reply-To"] is None


def test_a_reply_says_re_once_and_keeps_the_subject_readable() -> None:
    assert composed()["Subject"] == "Re: Where is my hoodie? – ☂"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Hello", "Re: Hello"),
        ("re: Hello", "Re: Hello"),
        ("Re[2]: AW: Hello", "Re: Hello"),
        ("Regarding: Hello", "Re: Regarding: Hello"),
        (None, "Re:"),
    ],
)
def test_reply_subject_piles_nothing_up(subject: str | None, expected: str) -> None:
    assert reply_subject(replace(REPLY, subject=subject)) == expected


def test_a_new_mail_keeps_its_subject_and_has_no_threading_headers() -> None:
    mail = composed(replace(REPLY, in_reply_to=None, references=(), subject="Hello"))
    assert mail["Subject"] == "Hello"
    assert mail["In-Reply-To"] is None
    assert mail["References"] is None


def test_a_reply_to_a_mail_without_an_id_names_none_of_our_derived_ids() -> None:
    derived = "9d30a8f325df56bdce33f7c832808a345191effd@no-message-id.invalid"
    mail = composed(replace(REPLY, in_reply_to=derived, references=("q1@widgets.example", derived)))
    assert mail["In-Reply-To"] is None
    assert mail["References"] == "<q1@widgets.example>"


def test_two_hundred_references_are_folded_and_all_there() -> None:
    many = tuple(f"{number:03}-{'x' * 60}@widgets.example" for number in range(200))
    raw = compose(replace(REPLY, references=many), config_for(), NOW).raw
    assert read(raw)["References"].split() == [f"<{each}>" for each in (*many, "q2@widgets.example")]
    assert max(len(line) for line in raw.split(b"\r\n")) < 998


def test_text_signature_and_html_arrive_as_they_were_written() -> None:
    mail = composed(replace(REPLY, html="<p>It is on its way – Maria</p>"))
    plain, markup = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert markup is not None
    assert plain.get_content().replace("\r\n", "\n") == (
        "It is on its way.\n\nYours – Maria\n\n-- \nAcme Merch\nacme.example\n"
    )
    assert "<p>It is on its way – Maria</p>" in markup.get_content()
    assert "Acme Merch<br>acme.example" in markup.get_content()


def test_long_lines_and_dots_survive_the_wire() -> None:
    text = ".\n..dots\n" + "word " * 400 + "\nFrom here on"
    with mailer() as (handler, config):
        ADAPTER.send(replace(config, channel_settings={}), replace(REPLY, text=text, html=None))
    body = read(handler.taken[0][2]).get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").rstrip() == text


@pytest.mark.parametrize(
    "change",
    [
        {"recipients": ("dana@widgets.example\r\nBcc: all@widgets.example",)},
        {"recipients": ("dana@widgets.example, second@widgets.example",)},
        {"sender": "merch@acme.example>\r\nX: y"},
        {"message_id": "a@b>\r\nX-Evil: 1"},
        {"recipients": ()},
        {"recipients": ("nobody",)},
    ],
)
def test_addresses_and_ids_that_break_out_of_their_header_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        compose(replace(REPLY, **change), config_for(), NOW)


@given(st.text(), st.text(), st.text(max_size=40))
def test_no_text_of_anybody_adds_a_header(subject: str, name: str, reference: str) -> None:
    config = replace(config_for(), channel_settings={"merch@acme.example": {"from_name": name}})
    outgoing = replace(REPLY, subject=subject, references=(reference, "q1@widgets.example"), in_reply_to=reference)
    raw = compose(outgoing, config, NOW).raw
    head = raw.split(b"\r\n\r\n")[0]
    names = {line.split(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))}
    expected = "content-type mime-version content-transfer-encoding from to cc subject date message-id references"
    assert names <= {each.encode() for each in (*expected.split(), "in-reply-to")}
    assert b"\n" not in head.replace(b"\r\n", b"")


def test_the_reply_marker_ties_an_answer_whose_references_were_lost_to_its_thread() -> None:
    config = config_for(reply_marker=True)
    address = read(compose(REPLY, config, NOW).raw)["Reply-To"].addresses[0].addr_spec
    question = b"Message-ID: <q1@widgets.example>\r\nFrom: dana@widgets.example\r\n\r\nHoodie?"
    answer = f"Message-ID: <new@widgets.example>\r\nTo: {address}\r\n\r\nThanks".encode()
    first, second = (ADAPTER.parse(Item("x", {}, raw), config) for raw in (question, answer))
    assert first is not None
    assert second is not None
    shared = {first.thread_id, *first.thread_keys} & {second.thread_id, *second.thread_keys}
    assert len(shared) == 1
    assert ("merch@acme.example" in second.addressed[0]) is True


# --- the wire ----------------------------------------------------------------------------------------------------


def test_a_taken_mail_is_receipted_with_the_id_it_will_come_back_with() -> None:
    with mailer() as (handler, config):
        receipt = ADAPTER.send(config, REPLY)
    assert receipt.external_id == f"{KEY}@acme.example"
    ((sender, recipients, raw),) = handler.taken
    assert sender == "merch@acme.example"
    assert recipients == ["dana@widgets.example", "ops@widgets.example"]
    assert handler.logins[-1] == (USER, PASSWORD)
    mention = ADAPTER.parse(Item("x", {}, raw), config)
    assert mention is not None
    assert mention.external_id == receipt.external_id
    assert mention.parent_id == REPLY.in_reply_to
    assert mention.thread_id == "q1@widgets.example"
    assert mention.extra["our_message_id"] is True


def test_another_attempt_has_the_same_message_id() -> None:
    unnamed = replace(REPLY, message_id=None)
    first, second = (compose(unnamed, config_for(), NOW.replace(minute=minute)) for minute in (1, 2))
    assert first.message_id == second.message_id == f"{KEY}@acme.example"


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ({"on_mail": "550 5.7.1 who are you"}, Rejected),
        ({"on_mail": "451 4.3.0 later"}, Transient),
        ({"on_mail": "drop"}, Transient),
        ({"on_mail": "hang"}, Transient),
        ({"on_rcpt": {"dana@widgets.example": "550 5.1.1 user unknown"}}, Rejected),
        ({"on_rcpt": {"ops@widgets.example": "550 5.1.1 user unknown"}}, Rejected),
        ({"on_rcpt": {"dana@widgets.example": "450 4.2.0 greylisted"}}, Transient),
        ({"on_rcpt": {"dana@widgets.example": "drop"}}, Transient),
        ({"on_data": "554 5.6.0 spam"}, Rejected),
        ({"on_data": "452 4.3.1 disk full"}, Transient),
        ({"on_data": "drop", "accept_before_data_fault": True}, Uncertain),
        ({"on_data": "drop"}, Uncertain),
        ({"on_data": "hang", "accept_before_data_fault": True}, Uncertain),
    ],
)
def test_a_failure_tells_whether_the_mail_may_have_been_taken(behaviour: dict[str, Any], error: type) -> None:
    timeout_s = 0.5 if "hang" in behaviour.values() else 5.0
    with mailer(timeout_s, **behaviour) as (handler, config), pytest.raises(error) as caught:
        ADAPTER.send(config, REPLY)
    assert type(caught.value) is error
    assert PASSWORD not in str(caught.value)
    assert len(handler.taken) == bool(behaviour.get("accept_before_data_fault"))


def test_a_refused_recipient_is_named() -> None:
    refused = {"ops@widgets.example": "550 5.1.1 user unknown"}
    with mailer(on_rcpt=refused) as (_, config), pytest.raises(Rejected, match=r"ops@widgets\.example .*unknown"):
        ADAPTER.send(config, REPLY)


def test_a_wrong_password_is_an_authentication_failure_that_does_not_show_it() -> None:
    with mailer() as (_, config), pytest.raises(AuthFailed) as caught:
        ADAPTER.send(replace(config, secrets={"smtp_password": "wr0ng-secret"}), REPLY)
    assert "wr0ng-secret" not in str(caught.value)


def test_nothing_listening_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Transient):
        ADAPTER.send(config_for(port), REPLY)


def test_an_address_in_the_own_network_is_blocked_unless_allowed() -> None:
    with mailer() as (_, config), pytest.raises(BlockedAddress):
        ADAPTER.send(replace(config, network=Network()), REPLY)


def test_without_an_smtp_server_a_reply_is_rejected_with_what_to_do() -> None:
    with pytest.raises(Rejected, match="SMTP server"):
        ADAPTER.send(config_for(smtp_host=""), REPLY)


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    running = ImapServer()
    yield running
    running.stop()


def imap_settings(imap: ImapServer) -> dict[str, Any]:
    return {
        "imap_host": "127.0.0.1",
        "imap_port": imap.port,
        "imap_security": "plain",
        "imap_user": USER,
        "sent_folder": "Sent",
    }


def test_a_copy_is_filed_as_seen_in_the_sent_folder_and_comes_back_as_ours(imap: ImapServer) -> None:
    imap.append(b"Subject: older\r\n\r\n", datetime.now(UTC), "Sent")
    handler = Mailer()
    with smtp_serving(handler) as port:
        config = config_for(port, **imap_settings(imap))
        receipt = ADAPTER.send(config, REPLY)
    _, raw, flags = imap.mails("Sent")[-1]
    assert flags == {b"\\Seen"}
    assert raw == handler.taken[0][2].removesuffix(b"\r\n") or raw == handler.taken[0][2]
    items = [item for page in ADAPTER.fetch(config, None) for item in page.items]
    own = [mention for item in items if (mention := ADAPTER.parse(item, config)) and mention.is_own]
    assert receipt.external_id in {mention.external_id for mention in own}
    assert not any(mention.is_auto for mention in own)


def test_a_copy_that_cannot_be_filed_is_no_failure_of_the_send(
    imap: ImapServer, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Mailer()
    with smtp_serving(handler) as port:
        config = config_for(port, **{**imap_settings(imap), "imap_user": "stranger"})
        ADAPTER.send(config, REPLY)
    assert len(handler.taken) == 1
    assert "no copy could be filed" in caplog.text
    assert PASSWORD not in caplog.text


def test_no_copy_is_filed_where_the_server_does_it_itself(imap: ImapServer) -> None:
    imap.append(b"Subject: older\r\n\r\n", datetime.now(UTC), "Sent")
    with smtp_serving(Mailer()) as port:
        ADAPTER.send(config_for(port, append_sent=False, **imap_settings(imap)), REPLY)
    assert len(imap.mails("Sent")) == 1
