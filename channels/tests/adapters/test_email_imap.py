"""Fetching over real IMAP: every mail once and in order, nothing skipped silently, nothing changed on the server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.adapters.email import EmailAdapter
from channels.adapters.email.receiving import folders
from channels.contract import Config, Item, Network
from channels.errors import AuthFailed, BlockedAddress, Malformed, Rejected, Transient
from channels.tests.email_servers import (
    PASSWORD,
    USER,
    FaultyProxy,
    ImapServer,
    Mailer,
    Verdict,
    fetches_body_of,
    smtp_serving,
)

ADAPTER = EmailAdapter()
NOW = datetime.now(UTC).replace(microsecond=0)


def mail(number: int, body: str = "Acme?") -> bytes:
    return (
        f"From: asker{number}@widgets.example\r\nTo: merch@acme.example\r\nSubject: Question {number}\r\n"
        f"Message-ID: <m{number}@widgets.example>\r\nDate: Mon, 01 Jan 2001 00:00:00 +0000\r\n\r\n{body}\r\n"
    ).encode()


def config_for(port: int, timeout_s: float = 5.0, **settings: Any) -> Config:
    values = {"imap_host": "127.0.0.1", "imap_port": port, "imap_security": "plain", "imap_user": USER, **settings}
    network = Network(read_timeout_s=timeout_s, allowed_private=(f"127.0.0.1:{port}",))
    return Config(values, {"imap_password": PASSWORD}, ("merch@acme.example",), network=network)


@pytest.fixture
def server() -> Iterator[ImapServer]:
    running = ImapServer()
    yield running
    running.stop()


@contextmanager
def faulty(server: ImapServer, verdict: Verdict) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(server.port, verdict)
    try:
        yield proxy
    finally:
        proxy.close()


def poll(config: Config, cursor: Any = None) -> tuple[list[Item], Any]:
    items: list[Item] = []
    for page in ADAPTER.fetch(config, cursor):
        items += page.items
        cursor = page.cursor
    return items, cursor


def subjects(items: list[Item], config: Config) -> list[str]:
    mentions = [ADAPTER.parse(item, config) for item in items if item.raw is not None]
    return [mention.subject or "" for mention in mentions if mention]


def test_new_mails_come_once_and_in_order(server: ImapServer) -> None:
    config = config_for(server.port)
    for number in range(1, 4):
        server.append(mail(number), NOW)
    items, cursor = poll(config)
    assert subjects(items, config) == ["Question 1", "Question 2", "Question 3"]
    assert poll(config, cursor)[0] == []
    server.append(mail(4), NOW)
    items, cursor = poll(config, cursor)
    assert subjects(items, config) == ["Question 4"]
    assert cursor["INBOX"]["last_uid"] == server.mails()[-1][0]


def test_an_empty_mailbox_gives_a_cursor_to_go_on_from(server: ImapServer) -> None:
    config = config_for(server.port)
    items, cursor = poll(config)
    assert items == []
    server.append(mail(1), NOW)
    assert subjects(poll(config, cursor)[0], config) == ["Question 1"]


def test_posted_at_is_the_internal_date_and_never_the_date_header(server: ImapServer) -> None:
    config = config_for(server.port)
    server.append(mail(1), NOW - timedelta(hours=3))
    (item,), _ = poll(config)
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    assert mention.posted_at == NOW - timedelta(hours=3)


def test_fetching_leaves_mails_unseen_and_undeleted(server: ImapServer) -> None:
    server.append(mail(1), NOW)
    poll(config_for(server.port))
    ((_, raw, flags),) = server.mails()
    assert raw == mail(1)
    assert flags == frozenset()


def test_pages_hold_a_bounded_number_and_resume_exactly_where_they_were_cut(server: ImapServer) -> None:
    config = config_for(server.port)
    for number in range(120):
        server.append(mail(number), NOW)
    pages = ADAPTER.fetch(config, None)
    first = next(pages)
    pages.close()  # killed after the first page was stored
    assert len(first.items) == folders.BATCH
    rest, _ = poll(config, first.cursor)
    assert subjects([*first.items, *rest], config) == [f"Question {number}" for number in range(120)]


def test_a_new_uidvalidity_reads_everything_again_under_new_ids(server: ImapServer) -> None:
    config = config_for(server.port)
    server.append(mail(1), NOW)
    before, cursor = poll(config)
    server.rebuild()
    server.append(mail(1), NOW)
    server.append(mail(2), NOW)
    after, renewed = poll(config, cursor)
    assert subjects(after, config) == ["Question 1", "Question 2"]
    assert renewed["INBOX"]["uidvalidity"] != cursor["INBOX"]["uidvalidity"]
    assert {item.external_id for item in before}.isdisjoint(item.external_id for item in after)
    again, first = ADAPTER.parse(after[0], config), ADAPTER.parse(before[0], config)
    assert again is not None
    assert first is not None
    assert again.external_id == first.external_id
    assert ADAPTER.fingerprint(after[0], config) == ADAPTER.fingerprint(before[0], config)


def test_the_first_poll_reaches_back_only_as_far_as_configured(server: ImapServer) -> None:
    server.append(mail(1), NOW - timedelta(days=90))
    server.append(mail(2), NOW)
    bounded = config_for(server.port, history_days=30)
    assert subjects(poll(bounded)[0], bounded) == ["Question 2"]
    everything = config_for(server.port, history_days=0)
    assert subjects(poll(everything)[0], everything) == ["Question 1", "Question 2"]


def test_an_old_mail_that_is_moved_into_the_folder_later_is_new(server: ImapServer) -> None:
    config = config_for(server.port, history_days=30)
    server.append(mail(1), NOW - timedelta(days=90))
    items, cursor = poll(config)
    assert items == []
    server.append(mail(2), NOW - timedelta(days=90))
    assert subjects(poll(config, cursor)[0], config) == ["Question 2"]


def test_a_first_poll_that_was_cut_short_stays_within_its_bounds(server: ImapServer) -> None:
    config = config_for(server.port, history_days=30)
    for number in range(folders.BATCH):
        server.append(mail(number), NOW)
    server.append(mail(97), NOW - timedelta(days=90))
    server.append(mail(98), NOW)
    pages = ADAPTER.fetch(config, None)
    first = next(pages)
    pages.close()
    server.append(mail(99), NOW - timedelta(days=90))
    assert subjects(poll(config, first.cursor)[0], config) == ["Question 98", "Question 99"]


def test_several_folders_are_read_and_our_sent_mail_is_ours(server: ImapServer) -> None:
    config = config_for(server.port, sent_folder="Sent", further_folders=["Junk"])
    server.append(mail(1), NOW)
    server.append(mail(2), NOW, "Junk")
    server.append(mail(3), NOW, "Sent")
    items, _ = poll(config)
    mentions = [mention for item in items if (mention := ADAPTER.parse(item, config))]
    assert [(m.subject, m.is_own) for m in mentions] == [
        ("Question 1", False),
        ("Question 2", False),
        ("Question 3", True),
    ]


def test_a_sent_folder_that_is_not_there_yet_is_no_error(server: ImapServer) -> None:
    config = config_for(server.port, sent_folder="Sent")
    server.append(mail(1), NOW)
    assert subjects(poll(config)[0], config) == ["Question 1"]


def test_a_missing_folder_is_named(server: ImapServer) -> None:
    with pytest.raises(Rejected, match="Nowhere"):
        poll(config_for(server.port, inbox_folder="Nowhere"))


def test_a_huge_mail_comes_with_its_text_and_without_the_rest(
    server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MAX_RAW_BYTES", 20_000)
    monkeypatch.setattr(folders, "OVERSIZE_HEAD_BYTES", 2_000)
    huge = (
        b"Subject: Huge\r\nMessage-ID: <huge@widgets.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nThe log is attached.\r\n--b\r\n"
        b"Content-Disposition: attachment; filename=log.txt\r\n\r\n" + b"x" * 50_000 + b"\r\n--b--\r\n"
    )
    for raw in (mail(1), huge, mail(2)):
        server.append(raw, NOW)
    config = config_for(server.port)
    items, _ = poll(config)
    assert subjects(items, config) == ["Question 1", "Huge", "Question 2"]
    assert len(items[1].raw or b"") == 2_000
    mention = ADAPTER.parse(items[1], config)
    assert mention is not None
    assert mention.text == "The log is attached."
    assert [(each.name, each.content) for each in mention.attachments] == [("log.txt", None)]
    assert mention.extra["size"] == len(huge)


def test_a_mail_that_breaks_the_connection_blocks_no_other_and_is_not_forgotten(server: ImapServer) -> None:
    for number in (1, 2, 3):
        server.append(mail(number), NOW)
    poisonous = server.mails()[1][0]
    broken = fetches_body_of(poisonous)
    with faulty(server, lambda line: "drop" if broken(line) else None) as proxy:
        config = config_for(proxy.port)
        items, cursor = poll(config)
        assert subjects(items, config) == ["Question 1", "Question 3"]
        placeholder = items[1]
        with pytest.raises(Malformed, match="cannot be fetched"):
            ADAPTER.parse(placeholder, config)
        assert cursor["INBOX"]["retry"] == {str(poisonous): 1}
        proxy.verdict = lambda line: None
        items, cursor = poll(config, cursor)
    assert subjects(items, config) == ["Question 2"]
    assert items[0].external_id == placeholder.external_id
    assert "retry" not in cursor["INBOX"]


def test_a_mail_that_the_server_refuses_is_tried_again_a_bounded_number_of_times(server: ImapServer) -> None:
    for number in (1, 2):
        server.append(mail(number), NOW)
    refused = server.mails()[0][0]
    asks = fetches_body_of(refused)
    with faulty(server, lambda line: "NO [SERVERBUG] internal error" if asks(line) else None) as proxy:
        config = config_for(proxy.port)
        items, cursor = poll(config)
        assert subjects(items, config) == ["Question 2"]
        assert "SERVERBUG" in items[0].payload["error"]
        for _ in range(folders.MAX_TRIES + 1):
            items, cursor = poll(config, cursor)
            assert items == []
        assert "retry" not in cursor["INBOX"]
        proxy.commands.clear()
        poll(config, cursor)
        assert not any(asks(line) for line in proxy.commands)


def test_a_server_that_keeps_breaking_is_transient_and_loses_nothing(server: ImapServer) -> None:
    for number in range(8):
        server.append(mail(number), NOW)
    with faulty(server, lambda line: "drop" if b"BODY.PEEK" in line else None) as proxy:
        with pytest.raises(Transient, match="keeps breaking"):
            poll(config_for(proxy.port))
        proxy.verdict = lambda line: None
        assert len(poll(config_for(proxy.port))[0]) == 8


def test_a_silent_server_is_transient(server: ImapServer) -> None:
    with faulty(server, lambda line: "hang" if b"SEARCH" in line else None) as proxy, pytest.raises(Transient):
        poll(config_for(proxy.port, timeout_s=0.3))


def test_nothing_listening_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Transient, match="cannot be reached"):
        poll(config_for(port))


def test_a_wrong_password_is_an_authentication_failure_that_does_not_show_it(server: ImapServer) -> None:
    config = replace(config_for(server.port), secrets={"imap_password": "wr0ng-secret"})
    with pytest.raises(AuthFailed) as caught:
        poll(config)
    assert "wr0ng-secret" not in str(caught.value)


def test_a_login_refused_for_the_moment_is_transient(server: ImapServer) -> None:
    busy = "NO [UNAVAILABLE] the user database is away"
    with faulty(server, lambda line: busy if b"LOGIN" in line else None) as proxy, pytest.raises(Transient):
        poll(config_for(proxy.port))


def test_an_address_in_the_own_network_is_blocked_unless_allowed(server: ImapServer) -> None:
    config = replace(config_for(server.port), network=Network())
    with pytest.raises(BlockedAddress):
        poll(config)


def test_check_says_what_lies_there_and_that_smtp_greets(server: ImapServer) -> None:
    server.append(mail(1), NOW)
    with smtp_serving(Mailer()) as smtp_port:
        config = config_for(server.port, smtp_host="127.0.0.1", smtp_port=smtp_port, smtp_security="plain")
        allowed = (*config.network.allowed_private, f"127.0.0.1:{smtp_port}")
        said = ADAPTER.check(replace(config, network=replace(config.network, allowed_private=allowed)))
    assert "1 in INBOX" in said
    assert "SMTP server is ready" in said


def test_check_without_smtp_says_that_replies_cannot_be_sent(server: ImapServer) -> None:
    assert "cannot be sent" in ADAPTER.check(config_for(server.port))


@pytest.mark.parametrize("place", [0, 1])
def test_a_folder_that_cannot_be_opened_keeps_no_other_from_being_read(server: ImapServer, place: int) -> None:
    server.append(mail(1), NOW)
    server.append(mail(2), NOW, "Sent")
    further = ["Gone"] if place else []
    settings = {"inbox_folder": "INBOX" if place else "Gone", "further_folders": [*further, "Sent"]}
    config = config_for(server.port, **settings)
    pages = list(ADAPTER.fetch(config, None))
    found = subjects([item for page in pages for item in page.items], config)
    assert found == (["Question 1", "Question 2"] if place else ["Question 2"])
    assert "Gone" in pages[-1].trouble
    assert "Sent" in pages[-1].cursor
