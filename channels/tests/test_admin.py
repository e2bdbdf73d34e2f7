from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from channels.errors import AuthFailed, Rejected, Uncertain
from channels.inbox import settling, storing_once
from channels.models import Channel, Connection, InboundItem, OutboundItem, PersonalAccount
from channels.monitoring import connection_test
from channels.outbox import outbox
from channels.secrets.vault import open_sealed, seal
from channels.tests.factories import NOW, make_channel, make_connection, make_reply, page_of
from channels.tests.fakes import FakeAdapter
from channels.tests.outbox.test_outbox import raising

pytestmark = pytest.mark.django_db
ADD = "/admin/channels/connection/add/"


@pytest.fixture
def boss(client: Client, fake: FakeAdapter) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="long-enough-1"))
    return client


def staff(*codenames: str) -> User:
    user = User.objects.create_user("staff", password="long-enough-1", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames, content_type__app_label="channels"))
    return user


def change_url(obj: object) -> str:
    return reverse(f"admin:channels_{obj._meta.model_name}_change", args=[obj.pk])


def press(client: Client, obj: object, button: str, **data: str):
    return client.post(reverse(f"admin:channels_{obj._meta.model_name}_press", args=[obj.pk, button]), data)


def messages_in(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def form_data(channel: Channel | None = None, **values: object) -> dict[str, object]:
    prefix = "channels-0-"
    row = {
        "name": "Acme on Fakebook",
        "slug": "fb",
        "address": "acme",
        "rank": 10,
        "priority": 20,
        "is_active": "on",
        "target_minutes": 420,
        "slack_channels": "#one\n#two",
        "slack_mode": "hourly",
        "tool_links": "Licence app | https://licence.example/?q={email}\nhttps://shop.example/",
        "setting_user_id": "77",
        "secret_access_token": "channel-token",
        "id": channel.pk if channel else "",
        "connection": channel.connection_id if channel else "",
    }
    return {
        "name": "Fake app",
        "is_active": "on",
        "setting_api_base": "https://fake.example:8100/api/",
        "setting_port": "8443",
        "setting_phrases": "Acme\nacme corp",
        "setting_feed": "top",
        "setting_loud": "on",
        "secret_token": "connection-token",
        "token_expires_at_0": "",
        "token_expires_at_1": "",
        "channels-TOTAL_FORMS": 1,
        "channels-INITIAL_FORMS": int(channel is not None),
        **{prefix + name: value for name, value in row.items()},
        **values,
    }


def test_adding_begins_with_the_platform(boss: Client) -> None:
    page = boss.get(ADD).content.decode()
    assert '<a href="?platform=fake">Fakebook</a>' in page
    form = boss.get(ADD + "?platform=fake").content.decode()
    assert 'name="setting_phrases"' in form
    assert 'type="password" name="secret_token"' in form
    assert 'name="channels-0-secret_access_token"' in form


def test_a_connection_is_stored_with_its_channels_and_sealed_secrets(boss: Client) -> None:
    response = boss.post(ADD + "?platform=fake", form_data())
    assert response.status_code == 302, response.context and response.context["errors"]
    connection, channel = Connection.objects.get(), Channel.objects.get()
    assert connection.platform == "fake"
    assert connection.settings == {
        "api_base": "https://fake.example:8100/api",
        "port": 8443,
        "phrases": ["Acme", "acme corp"],
        "feed": "top",
        "loud": True,
    }
    assert "connection-token" not in str(connection.secrets)
    assert open_sealed(connection.secrets["token"]) == "connection-token"
    assert open_sealed(channel.secrets["access_token"]) == "channel-token"
    assert (channel.settings, channel.slack_channels) == ({"user_id": "77"}, ["#one", "#two"])


def test_a_secret_is_never_shown_again_and_empty_keeps_it(boss: Client) -> None:
    boss.post(ADD + "?platform=fake", form_data())
    connection, channel = Connection.objects.get(), Channel.objects.get()
    page = boss.get(change_url(connection)).content.decode()
    assert "connection-token" not in page
    assert "channel-token" not in page
    assert connection.secrets["token"] not in page
    assert channel.secrets["access_token"] not in page
    assert "stored encrypted" in page
    data = form_data(channel, secret_token="", name="Renamed", **{"channels-0-secret_access_token": ""})
    assert boss.post(change_url(connection), data).status_code == 302
    again = Connection.objects.get()
    assert (again.name, again.secrets) == ("Renamed", connection.secrets)
    assert Channel.objects.get().secrets == channel.secrets


def test_a_secret_may_name_a_variable(boss: Client, monkeypatch) -> None:
    boss.post(ADD + "?platform=fake", form_data(secret_token="env:DESK_CHANNEL_FAKE_TOKEN"))
    connection = Connection.objects.get()
    assert connection.secrets == {"token": "env:DESK_CHANNEL_FAKE_TOKEN"}
    assert "env:DESK_CHANNEL_FAKE_TOKEN" in boss.get(change_url(connection)).content.decode()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"setting_port": "99999"}, "from 1 to 65535"),
        ({"setting_port": "http"}, "whole number"),
        ({"setting_api_base": "https://fake.example:99999/"}, "port is not valid"),
        ({"setting_api_base": "fake.example"}, "full web address"),
        ({"setting_api_base": "https://me:pw@fake.example"}, "Do not put a login"),
        ({"secret_token": ""}, "This field is required"),
        ({"secret_token": "env:no such"}, "name of a variable"),
        ({"setting_feed": "worst"}, "Select a valid choice"),
        ({"channels-0-slug": ""}, "This field is required"),
    ],
)
def test_a_wrong_value_is_a_clear_error_and_stores_nothing(boss: Client, wrong: dict, problem: str) -> None:
    response = boss.post(ADD + "?platform=fake", form_data(**wrong))
    assert response.status_code == 200
    assert problem in response.content.decode()
    assert "connection-token" not in response.content.decode()
    assert not Connection.objects.exists()


def test_without_a_key_the_form_says_so(boss: Client, settings) -> None:
    settings.ENCRYPTION_KEYS = []
    response = boss.post(ADD + "?platform=fake", form_data())
    assert "DESK_ENCRYPTION_KEYS is not set" in response.content.decode()


def test_saving_touches_nothing_that_a_poller_writes_and_makes_it_due(boss: Client, monkeypatch) -> None:
    boss.post(ADD + "?platform=fake", form_data())
    connection, channel = Connection.objects.get(), Channel.objects.get()
    Channel.objects.update(settings={"user_id": "1", "visible_to": ["admin"]})
    from channels.admin.connection import ConnectionAdmin

    original = ConnectionAdmin.save_model

    def poller_writes_in_between(self, request, obj, form, change):
        Connection.objects.update(cursor={"since": 9}, failures=3)
        Channel.objects.update(last_item_at=NOW)
        original(self, request, obj, form, change)

    monkeypatch.setattr(ConnectionAdmin, "save_model", poller_writes_in_between)
    Connection.objects.update(next_poll_at=NOW + timedelta(days=900))
    assert boss.post(change_url(connection), form_data(channel, name="New name")).status_code == 302
    connection.refresh_from_db()
    channel.refresh_from_db()
    assert (connection.name, connection.cursor, connection.failures) == ("New name", {"since": 9}, 3)
    assert connection.next_poll_at < NOW + timedelta(days=800)
    assert channel.last_item_at == NOW
    assert channel.settings == {"user_id": "77", "visible_to": ["admin"]}


def test_test_connection_shows_the_sentence_or_what_is_wrong(boss: Client, fake: FakeAdapter) -> None:
    connection = make_connection(secrets={"token": seal("t0ken-value")})
    fake.pages = [page_of(("1", "a"))]
    waiting = boss.get(press(boss, connection, "test").url)
    assert "Waiting for an answer" in messages_in(waiting)
    assert waiting["Refresh"] == "1"
    answered = after_test(boss, connection)
    assert "Connected: 1 items" in messages_in(answered)
    assert "Refresh" not in answered
    assert InboundItem.objects.count() == 0

    def refused(config, cursor):
        raise AuthFailed(f"refused: {config.secret('token')}")
        yield

    fake.on_fetch = refused
    shown = messages_in(after_test(boss, connection))
    assert "refused: •••" in shown
    fake.on_fetch = lambda config, cursor: 1 / 0
    assert "ZeroDivisionError" in messages_in(after_test(boss, connection))


def after_test(boss: Client, connection: Connection) -> HttpResponse:
    """What the page shows once a worker has done its part."""
    connection_test.tried(connection.pk)
    return boss.get(change_url(connection) + "?testing=1")


def test_no_button_or_action_of_the_admin_asks_the_network_itself(boss: Client, fake: FakeAdapter) -> None:
    """Every registered button and action, on a platform that would never respond."""
    asked: list[str] = []
    for verb in ("check", "fetch", "fetch_thread", "lookup", "send", "find_own", "delete", "like", "current_account"):
        setattr(fake, verb, lambda *args, verb=verb, **kwargs: asked.append(verb))
    rows = rows_of_everything()
    for model, model_admin in admin.site._registry.items():
        row = rows.get(model)
        if row is None:
            assert not getattr(model_admin, "buttons", ()), f"{model}: make a row of it in rows_of_everything"
            continue
        for button in getattr(model_admin, "buttons", ()):
            address = reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_press", args=[row.pk, button.name]
            )
            assert boss.post(address).status_code == 302, button.name
        for action in model_admin.actions or ():
            name = action if isinstance(action, str) else action.__name__
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            boss.post(address, {"action": name, "_selected_action": [row.pk]})
    assert asked == []


def rows_of_everything() -> dict[type[Model], Model]:
    """One row of each model whose admin has buttons."""
    connection = make_connection(secrets={"token": seal("t0ken-value")})
    someone = User.objects.create_user("someone", password="long-enough-1")
    rows = [
        someone,
        connection,
        InboundItem.objects.create(connection=connection, external_id="1", payload={}, digest=b"", fetched_at=NOW),
        make_reply(connection),
        PersonalAccount.objects.create(user=someone, connection=connection),
    ]
    return {type(row): row for row in rows}


def test_pause_resume_and_poll_now(boss: Client) -> None:
    connection = make_connection(next_poll_at=NOW)
    press(boss, connection, "pause", typed="moving house")
    connection.refresh_from_db()
    assert (connection.is_active, connection.paused_reason) == (False, "moving house")
    page = boss.get(change_url(connection)).content.decode()
    assert "press/resume/" in page
    assert "press/pause/" not in page
    press(boss, connection, "resume")
    press(boss, connection, "poll")
    connection.refresh_from_db()
    assert connection.is_active
    listed = boss.post(
        "/admin/channels/connection/", {"action": "pause_chosen", "_selected_action": [connection.pk]}, follow=True
    )
    assert "1 paused" in listed.content.decode()


def test_buttons_need_their_right_and_a_post(client: Client, fake: FakeAdapter) -> None:
    connection = make_connection()
    client.force_login(staff("view_connection", "view_channel"))
    page = client.get(change_url(connection))
    assert page.status_code == 200
    assert "press/test/" not in page.content.decode()
    assert press(client, connection, "test").status_code == 403
    client.force_login(User.objects.create_superuser("root", password="long-enough-1"))
    url = reverse("admin:channels_connection_press", args=[connection.pk, "pause"])
    assert client.get(url).status_code == 405
    connection.refresh_from_db()
    assert connection.is_active


def test_a_reader_sees_settings_but_no_secret(client: Client, fake: FakeAdapter) -> None:
    sealed = seal("connection-token")
    connection = make_connection(settings={"port": 8443}, secrets={"token": sealed})
    make_channel(connection, secrets={"access_token": sealed})
    client.force_login(staff("view_connection", "view_channel"))
    page = client.get(change_url(connection)).content.decode()
    assert "port: 8443" in page
    assert "token: set" in page
    assert sealed not in page


def test_failed_items_show_payload_and_error_escaped_and_are_replayed(boss: Client) -> None:
    connection = make_connection()
    (pk,) = storing_once.store_page(connection.pk, page_of(("1", "<script>x</script>")), fetched_at=NOW)
    settling.finish(failed={pk: "no such field"}, now=NOW)
    listed = boss.get("/admin/channels/inbounditem/?state__exact=failed").content.decode()
    assert "no such field" in listed
    item = InboundItem.objects.get()
    page = boss.get(change_url(item)).content.decode()
    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page
    assert "Replaying 1 item" in messages_in(press(boss, item, "replay"))
    item.refresh_from_db()
    assert item.state == InboundItem.State.PENDING
    assert boss.post(change_url(item), {"external_id": "2"}).status_code == 403


def test_the_inbox_list_costs_the_same_at_1_and_at_50_rows(
    boss: Client, django_assert_max_num_queries, django_assert_num_queries
) -> None:
    connection = make_connection()
    storing_once.store_page(connection.pk, page_of(("1", "a")), fetched_at=NOW)
    with django_assert_max_num_queries(12) as few:
        boss.get("/admin/channels/inbounditem/")
    storing_once.store_page(connection.pk, page_of(*[(f"n{n}", "a") for n in range(49)]), fetched_at=NOW)
    with django_assert_num_queries(len(few.captured_queries)):
        boss.get("/admin/channels/inbounditem/")


def test_the_outbox_can_be_settled_by_hand(boss: Client, fake: FakeAdapter) -> None:
    connection = make_connection()
    fake.on_send = raising(Rejected("too long"))
    refused = make_reply(connection)
    outbox.send_due(NOW)
    fake.on_send = raising(Uncertain("cut off"))
    doubtful = make_reply(connection)
    outbox.send_due(NOW)
    waiting = make_reply(connection)
    press(boss, refused, "retry")
    press(boss, waiting, "cancel")
    assert "not a web address" in messages_in(press(boss, doubtful, "mark-sent", typed="javascript:alert(1)"))
    press(boss, doubtful, "mark-sent", typed="https://fake.example/p/1")
    states = dict(OutboundItem.objects.values_list("pk", "state"))
    assert states == {refused.pk: "queued", waiting.pk: "cancelled", doubtful.pk: "sent"}
    assert "cannot be changed now" in messages_in(press(boss, doubtful, "cancel"))
    page = boss.get(change_url(doubtful)).content.decode()
    assert 'href="https://fake.example/p/1"' in page
    assert "too long" not in page


def test_the_outbox_needs_its_right(client: Client, fake: FakeAdapter) -> None:
    item = make_reply(make_connection())
    somebody = staff("view_outbounditem")
    client.force_login(somebody)
    assert client.get(change_url(item)).status_code == 302, "what leaves the desk is seen by whoever may see tickets"
    somebody.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    assert client.get(change_url(item)).status_code == 200
    assert press(client, item, "cancel").status_code == 403
    client.post("/admin/channels/outbounditem/", {"action": "cancel_chosen", "_selected_action": [item.pk]})
    item.refresh_from_db()
    assert item.state == OutboundItem.State.QUEUED


@pytest.mark.parametrize("name", ["connection", "inbounditem", "outbounditem", "followed"])
def test_admin_pages_hold_no_inline_script_or_style(boss: Client, name: str) -> None:
    make_channel(make_connection())
    pages = [f"/admin/channels/{name}/", ADD, ADD + "?platform=fake", change_url(Connection.objects.get())]
    for url in pages:
        html = boss.get(url).content.decode()
        assert " style=" not in html
        assert "<style" not in html
        assert " onclick=" not in html
        assert "<script>" not in html
