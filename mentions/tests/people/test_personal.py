"""People's own accounts: entered on the user's own page, checked by a task, and known as ours once they work."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from channels.models import Connection, PersonalAccount
from channels.outbox import personal as own_accounts
from channels.secrets.vault import open_sealed
from mentions.models import Account, Author, Message, Person
from mentions.people import linked_accounts
from mentions.tests.boards import enter
from mentions.tests.factories import (
    NOON,
    AccountFactory,
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    PersonFactory,
    TicketFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(board):
    connection = ConnectionFactory(platform="testboard", name="The board")
    ChannelFactory(connection=connection, name="Board talk")
    return connection


@pytest.fixture
def tasks(monkeypatch):
    """Names and arguments of the tasks sent to workers."""
    sent = []
    monkeypatch.setattr("channels.dispatch.send_task", lambda name, *args, **kwargs: sent.append((name, *args)))
    return sent


def url(place):
    return reverse("mentions:account", args=[place.pk])


def page(client):
    return client.get(reverse("mentions:me")).content.decode()


def test_page_asks_for_what_the_platform_needs_and_says_what_for(client, sam, place):
    shown = page(client)
    assert "Test board" in shown
    assert "Board talk" in shown
    assert re.search(r'name="field_token"\s+type="password"', shown)
    assert re.search(r'name="field_device"\s+type="text"', shown)
    assert "From your profile there." in shown


def test_nothing_is_asked_where_no_platform_has_such_accounts(client, sam, board):
    ConnectionFactory(platform="testforum")
    ConnectionFactory(platform="testboard", is_active=False)
    assert "Answer from your own account" not in page(client)


def test_saving_seals_it_and_has_it_tried_by_a_worker(
    client, sam, place, tasks, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(
        type(own_accounts.all_adapters()["testboard"]), "current_account", lambda *args: pytest.fail("network")
    )
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(url(place), {"do": "save", "field_token": "token-of-maria"})
    account = PersonalAccount.objects.get()
    assert response.headers["Location"] == "/me/#accounts"
    assert account.user == sam
    assert open_sealed(account.secrets["token"]) == "token-of-maria"
    assert tasks == [("mentions.check_personal", account.pk)]
    shown = page(client)
    assert "checking" in shown
    assert f'hx-get="{url(place)}" hx-trigger="every 2s"' in shown
    assert client.get(url(place)).status_code == 204
    assert "token-of-maria" not in shown
    assert account.secrets["token"] not in shown


def test_what_is_no_secret_is_shown_again_and_can_be_cleared(client, sam, place):
    client.post(url(place), {"do": "save", "field_token": "token-of-maria", "field_device": "desk <1>"})
    assert 'value="desk &lt;1&gt;"' in page(client)
    client.post(url(place), {"do": "save", "field_token": "", "field_device": ""})
    account = PersonalAccount.objects.get()
    assert open_sealed(account.secrets["token"]) == "token-of-maria"
    assert "device" not in account.secrets


def test_once_it_opens_it_is_the_persons_account(client, sam, place):
    enter(sam, place, "token-of-maria")
    person = Person.objects.get(user=sam)
    assert person.is_us
    assert [(a.namespace, a.handle) for a in person.accounts.all()] == [("testboard", "Maria")]
    assert Author.objects.get(external_id="id-maria").is_us
    answer = client.get(url(place))
    assert answer.status_code == 286, "the page waits no longer"
    fragment = answer.content.decode()
    assert "@Maria" in fragment
    assert "every 2s" not in page(client)
    assert "token-of-maria" not in fragment
    enter(sam, place, "token-of-maria")
    assert Account.objects.count() == 1


def test_what_was_said_with_it_before_becomes_an_answer_of_the_team(sam, place):
    ticket = TicketFactory(channel__connection=place)
    question = MessageFactory(ticket=ticket, namespace="testboard", external_id="q")
    author = AuthorFactory(namespace="testboard", external_id="id-maria", handle="Maria")
    said = MessageFactory(
        ticket=ticket, namespace="testboard", author=author, external_id="a", parent_external_id="q", posted_at=NOON
    )
    enter(sam, place, "token-of-maria")
    said.refresh_from_db()
    ticket.refresh_from_db()
    assert said.direction == Message.Direction.TEAM
    assert ticket.first_reply_message_id == said.pk != question.pk


@pytest.mark.parametrize("how", ["account", "author", "connected"])
def test_account_of_somebody_else_is_refused_in_words(client, sam, place, how):
    maria = PersonFactory(name="Maria Example", user=UserFactory(username="maria"))
    if how == "account":
        AccountFactory(person=maria, namespace="testboard", handle="@MARIA")
    elif how == "author":
        AuthorFactory(namespace="testboard", external_id="id-maria", handle="other", person=maria)
    else:
        enter(maria.user, place, "token-of-maria")
    before = set(Account.objects.values_list("person", "handle"))
    account = enter(sam, place, "token-of-maria")
    assert not account.is_usable
    assert "already belongs to Maria Example" in page(client)
    assert set(Account.objects.values_list("person", "handle")) == before
    assert own_accounts.usable(sam.pk, [place.pk]) == {}
    assert not Author.objects.filter(person__user=sam).exists()


def test_token_that_opens_nothing_is_reported(client, sam, place):
    enter(sam, place, "no-such-token")
    assert "This account cannot be used" in page(client)
    assert not Account.objects.exists()


def test_what_is_missing_is_shown_and_nothing_is_stored(client, sam, place):
    response = client.post(url(place), {"do": "save", "field_token": " "}, follow=True)
    assert "Token: This field is required." in response.content.decode()
    response = client.post(url(place), {"do": "save", "field_token": "env:DESK_CHANNEL_TOKEN"}, follow=True)
    assert "server variables" in response.content.decode()
    assert not PersonalAccount.objects.exists()


def test_check_again_and_remove(client, sam, place, tasks, django_capture_on_commit_callbacks):
    account = enter(sam, place, "token-of-maria")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url(place), {"do": "check"})
    account.refresh_from_db()
    assert account.is_being_checked
    assert tasks == [("mentions.check_personal", account.pk)]
    assert linked_accounts.check_lost(NOON) == 1
    client.post(url(place), {"do": "remove"})
    assert not PersonalAccount.objects.exists()
    assert Account.objects.count() == 1, "what was said with it stays an answer of the team"


def test_everybody_sees_and_changes_only_their_own(client, sam, place):
    maria = UserFactory(role="advocate")
    enter(maria, place, "token-of-maria")
    shown = client.get(url(place)).content.decode()
    assert "Not connected" in shown
    assert "Maria" not in shown
    client.post(url(place), {"do": "remove"})
    client.post(url(place), {"do": "check"})
    assert PersonalAccount.objects.get(user=maria).is_usable


def test_places_that_somebody_may_not_see_or_answer_are_not_there(client, place):
    volunteer = UserFactory(role="volunteer")
    client.force_login(volunteer)
    assert client.get(url(place)).status_code == 286
    place.channels.update(visible_to=["advocate"])
    assert client.get(url(place)).status_code == 404
    assert client.post(url(place), {"do": "save", "field_token": "token-of-x"}).status_code == 404
    place.channels.update(visible_to=[], reply_roles=["advocate"])
    assert client.get(url(place)).status_code == 404
    client.force_login(UserFactory())
    place.channels.update(reply_roles=[])
    assert client.get(url(place)).status_code == 404
    assert Connection.objects.get(pk=place.pk).personal_accounts.count() == 0


def test_a_stolen_session_enters_no_account_and_the_secret_is_kept_nowhere(client, sam, place):
    stolen = Client()
    stolen.force_login(sam)
    for do in ("save", "remove"):
        response = stolen.post(url(place), {"do": do, "field_token": "token-of-maria"})
        assert response.headers["Location"] == "/accounts/reauthenticate/?next=%2Fme%2F%23accounts"
    assert not PersonalAccount.objects.exists()
    assert "token-of-maria" not in str(dict(stolen.session.items()))
