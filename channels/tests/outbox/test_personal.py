"""Personal accounts: a reply is sent from the account it was written for, and from no other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models import QuerySet

from audit.models import Entry
from channels.contract import Author, Config, Field, FieldKind, Outgoing, Receipt
from channels.errors import AuthFailed, Transient, Uncertain
from channels.models import Connection, OutboundItem, PersonalAccount
from channels.outbox import outbox, personal
from channels.registry import finding_adapters
from channels.registry.configs import source_of
from channels.registry.fields import InvalidSettings
from channels.secrets.vault import open_sealed, without_secrets
from channels.tests.factories import NOW, make_connection, make_reply
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db
State = OutboundItem.State


class Board(FakeAdapter):
    """Accepts only personal tokens; `token-of-x` belongs to the account `id-x`."""

    platform = "board"
    label = "Message board"
    personal_fields = (Field("token", "Token", kind=FieldKind.SECRET, required=True), Field("name", "User name"))

    def __init__(self) -> None:
        super().__init__()
        self.used: list[tuple[str, str]] = []
        self.refuses: set[str] = set()
        self.on_whose: Any = lambda: None

    def _token(self, what: str, config: Config) -> str:
        token = config.personal.get("token", "")
        self.used.append((what, token))
        if not token or token in self.refuses:
            raise AuthFailed(f"The token {token} is not valid.")
        return token

    def current_account(self, config: Config) -> Author:
        self.on_whose()
        name = self._token("current_account", config).removeprefix("token-of-")
        return Author(f"id-{name}", name)

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        self._token("send", config)
        return super().send(config, outgoing)

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        self._token("find", config)
        return super().find_own(config, outgoing, since)

    def delete(self, config: Config, external_id: str) -> None:
        self._token("delete", config)
        super().delete(config, external_id)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    adapter = Board()
    monkeypatch.setattr(finding_adapters, "scan", lambda: {"board": adapter})
    finding_adapters.all_adapters.cache_clear()
    yield adapter
    finding_adapters.all_adapters.cache_clear()


@pytest.fixture
def place(board: Board) -> Connection:
    return make_connection(platform="board")


def person(name: str) -> User:
    return User.objects.create_user(name)


def enter(user: User, place: Connection, token: str) -> PersonalAccount:
    adapter = finding_adapters.all_adapters()["board"]
    account = personal.save(user.pk, place, adapter, {"token": token})
    found = personal.ask(account.pk, NOW)
    if found is not None:
        personal.settle(found.account, NOW, author=found.author)
    account.refresh_from_db()
    return account


def state_of(item: OutboundItem) -> str:
    item.refresh_from_db()
    return item.state


def test_what_was_entered_is_sealed_and_tried(board: Board, place: Connection) -> None:
    account = enter(person("maria"), place, "token-of-maria")
    assert account.is_usable
    assert (account.external_id, account.name) == ("id-maria", "@maria")
    assert "token-of-maria" not in str(account.secrets)
    assert open_sealed(account.secrets["token"]) == "token-of-maria"


def test_an_account_that_is_being_checked_sends_nothing(board: Board, place: Connection) -> None:
    maria = person("maria")
    enter(maria, place, "token-of-maria")
    item = make_reply(place, sent_as_id=maria.pk)
    personal.check_again(maria.pk, place.pk)
    outbox.send_due(NOW)
    assert state_of(item) == State.FAILED
    assert board.posts == []


def test_a_reply_leaves_from_the_account_of_whoever_wrote_it(board: Board, place: Connection) -> None:
    users = [person(name) for name in ("maria", "lee")]
    for user in users:
        enter(user, place, f"token-of-{user.username}")
    board.used.clear()
    for user in users:
        make_reply(place, sent_as_id=user.pk, conversation=user.username)
    assert outbox.send_due(NOW) == 2
    assert board.used == [("send", "token-of-maria"), ("send", "token-of-lee")]


def test_without_an_account_of_ones_own_nobody_elses_is_used(board: Board, place: Connection) -> None:
    enter(person("maria"), place, "token-of-maria")
    board.used.clear()
    for user_id in (person("tom").pk, None):
        item = make_reply(place, sent_as_id=user_id)
        outbox.send_due(NOW)
        assert state_of(item) == State.FAILED
        assert "the writer's own account" in item.error
    assert board.used == []


def test_what_was_written_for_one_account_never_leaves_from_another(board: Board, place: Connection) -> None:
    maria = person("maria")
    enter(maria, place, "token-of-maria")
    item = make_reply(place, sent_as_id=maria.pk)
    enter(maria, place, "token-of-lee")
    outbox.send_due(NOW)
    assert state_of(item) == State.FAILED
    assert "a different" in item.error
    enter(maria, place, "token-of-maria")
    outbox.retry(item.pk, NOW)
    outbox.send_due(NOW)
    assert state_of(item) == State.SENT


def uncertain(board: Board, place: Connection, user: User) -> OutboundItem:
    def lost(outgoing: Outgoing) -> None:
        raise Uncertain("no answer")

    board.after_send = lost
    item = make_reply(place, sent_as_id=user.pk)
    outbox.send_due(NOW)
    assert state_of(item) == State.UNCERTAIN
    return item


def test_it_is_looked_for_with_the_same_account(board: Board, place: Connection) -> None:
    maria = person("maria")
    enter(maria, place, "token-of-maria")
    item = uncertain(board, place, maria)
    board.used.clear()
    outbox.recover(NOW + timedelta(hours=1))
    assert state_of(item) == State.SENT
    assert board.used == [("find", "token-of-maria")]


def test_another_account_proves_nothing_absent(board: Board, place: Connection) -> None:
    """Searched under the new account, it would be absent, and be posted twice."""
    maria = person("maria")
    enter(maria, place, "token-of-maria")
    item = uncertain(board, place, maria)
    enter(maria, place, "token-of-lee")
    board.used.clear()
    for hours in range(1, 5):
        outbox.recover(NOW + timedelta(hours=hours))
    assert state_of(item) == State.UNCERTAIN
    assert board.used == []
    assert len(board.posts) == 1


def test_nothing_leaves_from_the_account_of_somebody_who_has_left(board: Board, place: Connection) -> None:
    maria = person("maria")
    enter(maria, place, "token-of-maria")
    in_doubt = uncertain(board, place, maria)
    reply = make_reply(place, sent_as_id=maria.pk)
    gone = make_reply(place, kind="delete", payload={"external_id": "post-1"}, sent_as_id=maria.pk)
    User.objects.filter(pk=maria.pk).update(is_active=False)
    board.used.clear()
    for hours in range(3):
        outbox.send_due(NOW + timedelta(hours=hours))
        outbox.recover(NOW + timedelta(hours=hours))
    for item in (reply, gone):
        assert state_of(item) == State.FAILED
        assert "has left" in item.error
        outbox.retry(item.pk, NOW)
    personal.check_again(maria.pk, place.pk)
    assert personal.unchecked() == []
    assert personal.ask(PersonalAccount.objects.get().pk, NOW) is None
    outbox.send_due(NOW + timedelta(hours=4))
    assert state_of(reply) == State.FAILED
    assert state_of(in_doubt) == State.UNCERTAIN
    assert board.used == []


def test_deleting_uses_the_account_that_posted(board: Board, place: Connection) -> None:
    maria = person("maria")
    enter(maria, place, "token-of-maria")
    item = make_reply(place, kind="delete", payload={"external_id": "post-1"}, sent_as_id=maria.pk)
    outbox.send_due(NOW)
    assert state_of(item) == State.SENT
    assert ("delete", "token-of-maria") in board.used


def test_a_refused_token_is_noted_for_its_owner_alone(
    board: Board, place: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    maria, lee = person("maria"), person("lee")
    hers, his = enter(maria, place, "token-of-maria"), enter(lee, place, "token-of-lee")
    board.refuses.add("token-of-maria")
    with caplog.at_level(logging.DEBUG):
        item = make_reply(place, sent_as_id=maria.pk)
        outbox.send_due(NOW)
    hers.refresh_from_db()
    his.refresh_from_db()
    assert state_of(item) == State.FAILED
    assert (hers.is_usable, his.is_usable) == (False, True)
    assert "not valid" in hers.error
    for text in (hers.error, item.error, caplog.text, str(item.payload)):
        assert "token-of-maria" not in text


@pytest.mark.parametrize("error", [AuthFailed("no: token-of-maria"), Transient("down"), RuntimeError("token-of-maria")])
def test_a_check_that_fails_says_so_and_leaks_nothing(
    board: Board, place: Connection, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        board.used.append(("opened", open_sealed(PersonalAccount.objects.get().secrets["token"])))
        raise error

    board.on_whose = fail
    with caplog.at_level(logging.DEBUG):
        account = enter(person("maria"), place, "token-of-maria")
    assert account.error
    assert not account.is_usable
    assert "token-of-maria" not in account.error + caplog.text


def test_the_servers_variables_are_nobodys_own_secret(board: Board, place: Connection, monkeypatch) -> None:
    monkeypatch.setenv("DESK_CHANNEL_TOKEN", "company-secret")
    with pytest.raises(InvalidSettings, match="server variables"):
        personal.save(person("tom").pk, place, board, {"token": "env:DESK_CHANNEL_TOKEN"})
    assert not PersonalAccount.objects.exists()


def test_a_token_that_is_entered_while_an_older_one_is_tried_is_not_taken_for_it(
    board: Board, place: Connection
) -> None:
    maria = person("maria")
    account = personal.save(maria.pk, place, board, {"token": "token-of-maria"})
    found = personal.ask(account.pk, NOW)
    personal.save(maria.pk, place, board, {"token": "token-of-lee"})
    assert found is not None
    assert not personal.settle(found.account, NOW, author=found.author)
    account.refresh_from_db()
    assert account.is_being_checked
    assert personal.unchecked() == [account.pk]


def test_an_empty_secret_keeps_the_one_that_is_there_and_none_is_refused(board: Board, place: Connection) -> None:
    maria = person("maria")
    with pytest.raises(InvalidSettings):
        personal.save(maria.pk, place, board, {"token": "  "})
    personal.save(maria.pk, place, board, {"token": "token-of-maria"})
    account = personal.save(maria.pk, place, board, {"token": ""})
    assert open_sealed(account.secrets["token"]) == "token-of-maria"


def test_only_platforms_with_such_accounts_ask_for_them(board: Board, place: Connection) -> None:
    make_connection(platform="board", is_active=False)
    make_connection(platform="gone")
    assert personal.connections() == [place]
    assert personal.is_needed(place)


def test_a_user_name_is_no_secret(board: Board, place: Connection) -> None:
    maria = person("maria")
    account = personal.save(maria.pk, place, board, {"token": "token-of-maria", "name": "plainly-maria"})
    assert account.secrets["name"] == "plainly-maria"
    config = source_of(place.pk, person=maria.pk).config
    assert dict(config.personal) == {"token": "token-of-maria", "name": "plainly-maria"}
    assert without_secrets("plainly-maria, token-of-maria") == "plainly-maria, •••"
    assert "maria" not in repr(config)
    assert source_of(place.pk).config.personal == {}


def test_an_account_that_could_not_be_removed_is_not_recorded_as_removed(
    board: Board, place: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    maria = person("maria")
    enter(maria, place, "token-of-maria")

    def fail(accounts: object) -> None:
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(QuerySet, "delete", fail)
        with pytest.raises(OperationalError):
            personal.forget(maria.pk, place.pk)
    assert not Entry.objects.filter(details={"own account": "removed"}).exists()
    personal.forget(maria.pk, place.pk)
    assert Entry.objects.filter(details={"own account": "removed"}).count() == 1
    assert not PersonalAccount.objects.exists()
