"""A channel's answering settings in the admin form, and personal accounts."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection as db
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels.models import Channel, PersonalAccount
from channels.secrets.vault import seal
from channels.tests.factories import make_channel, make_connection
from channels.tests.fakes import FakeAdapter
from channels.tests.test_admin import ADD, change_url, form_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client, fake: FakeAdapter) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="long-enough-1"))
    return client


@pytest.fixture
def stored(boss: Client) -> Channel:
    Group.objects.get_or_create(name="advocate")
    Group.objects.get_or_create(name="volunteer")
    response = boss.post(ADD + "?platform=fake", form_data())
    assert response.status_code == 302, response.context and response.context["errors"]
    return Channel.objects.get()


def change(boss: Client, channel: Channel, **values: object):
    more = {f"channels-0-{name}": value for name, value in values.items()}
    return boss.post(change_url(channel.connection), form_data(channel, **more))


def page_of_admin(boss: Client, channel: Channel) -> str:
    return boss.get(change_url(channel.connection)).content.decode()


def test_everything_that_a_channel_says_is_edited(boss: Client, stored: Channel) -> None:
    other = make_channel(make_connection(), slug="main")
    response = change(
        boss,
        stored,
        source="Mentions of the handle",
        web_url="https://fake.example/acme",
        is_checked_weekly="on",
        visible_to=["advocate"],
        reply_roles=["advocate", "volunteer"],
        post_roles=["volunteer"],
        answers_from=["main", "fb"],
        skips_weekends="on",
        slack_mode="daily",
        workflow="Thank them.",
    )
    assert response.status_code == 302, response.context and response.context["errors"]
    stored.refresh_from_db()
    assert stored.tool_links == [
        {"label": "Licence app", "url": "https://licence.example/?q={email}"},
        {"label": "https://shop.example/", "url": "https://shop.example/"},
    ]
    assert (stored.visible_to, stored.post_roles) == (["advocate"], ["volunteer"])
    assert stored.reply_roles == ["advocate", "volunteer"]
    assert sorted(stored.answers_from) == ["fb", "main"]
    assert (stored.slack_mode, stored.skips_weekends, stored.is_checked_weekly) == ("daily", True, True)
    assert (stored.source, stored.web_url, stored.workflow) == (
        "Mentions of the handle",
        "https://fake.example/acme",
        "Thank them.",
    )
    page = page_of_admin(boss, stored)
    assert "Licence app | https://licence.example/?q={email}" in page
    assert f"{other.name} ({other.connection.name})" in page
    assert 'name="channels-0-visible_to" value="advocate"' in page


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"visible_to": ["nobody-knows"]}, "nobody-knows is not one of the available choices"),
        ({"reply_roles": ["x"]}, "x is not one of the available choices"),
        ({"answers_from": ["mail"]}, "mail is not one of the available choices"),
        ({"web_url": "javascript:alert(1)"}, "Enter a full web address"),
        ({"tool_links": "Licence app"}, "is not a link"),
        ({"tool_links": "X | javascript:alert(1)"}, "is not a link"),
        ({"slack_mode": "sometimes"}, "sometimes is not one of the available choices"),
    ],
)
def test_what_a_channel_cannot_say_is_refused_in_words(
    boss: Client, stored: Channel, wrong: dict[str, object], problem: str
) -> None:
    make_channel(make_connection(platform="maillike"), slug="mail")
    response = change(boss, stored, **wrong)
    assert response.status_code == 200
    assert problem in response.content.decode()


def test_a_role_that_is_gone_stays_until_somebody_takes_it_away(boss: Client, stored: Channel) -> None:
    """If it vanished from the form, it would open a restricted channel to everybody."""
    Channel.objects.filter(pk=stored.pk).update(visible_to=["legal"], answers_from=["old"])
    assert "legal (no longer exists)" in page_of_admin(boss, stored)
    assert change(boss, stored, visible_to=["legal"], answers_from=["old"]).status_code == 302
    stored.refresh_from_db()
    assert (stored.visible_to, stored.answers_from) == (["legal"], ["old"])
    assert change(boss, stored).status_code == 302
    stored.refresh_from_db()
    assert stored.visible_to == []


def test_the_query_is_shown_with_its_tester_and_cannot_be_typed(boss: Client, stored: Channel) -> None:
    Channel.objects.filter(pk=stored.pk).update(query='"acme <b>ci</b>"')
    change(boss, stored, query="anything")
    stored.refresh_from_db()
    assert stored.query == '"acme <b>ci</b>"'
    page = page_of_admin(boss, stored)
    assert "acme &lt;b&gt;ci&lt;/b&gt;" in page
    assert 'href="/channels/fb/query/"' in page


def test_the_address_that_the_platform_calls_is_shown_where_it_calls(boss: Client, stored: Channel, settings) -> None:
    settings.BASE_URL = "https://desk.acme.example"
    page = page_of_admin(boss, stored)
    assert f"https://desk.acme.example/hooks/{stored.connection.hook_id}/" in page
    other = make_connection(platform="maillike")
    assert str(other.hook_id) not in boss.get(change_url(other)).content.decode()


def test_the_form_costs_the_same_queries_for_many_channels(boss: Client, stored: Channel) -> None:
    with CaptureQueriesContext(db) as few:
        page_of_admin(boss, stored)
    for _ in range(10):
        make_channel(stored.connection)
    with CaptureQueriesContext(db) as many:
        page_of_admin(boss, stored)
    assert len(many) <= len(few)


def test_personal_accounts_are_listed_without_their_secrets_and_can_be_deleted(boss: Client) -> None:
    owner = User.objects.create_user("maria")
    account = PersonalAccount.objects.create(
        user=owner, connection=make_connection(), secrets={"token": seal("hers")}, handle="maria_dev", error="expired"
    )
    pages = [boss.get(url).content.decode() for url in ("/admin/channels/personalaccount/", change_url(account))]
    assert "maria_dev" in pages[0]
    for page in pages:
        assert account.secrets["token"] not in page
        assert "hers" not in page
    assert boss.get("/admin/channels/personalaccount/add/").status_code == 403
    assert boss.post(change_url(account), {"handle": "x"}).status_code == 403
    boss.post(reverse("admin:channels_personalaccount_delete", args=[account.pk]), {"post": "yes"})
    assert not PersonalAccount.objects.exists()
