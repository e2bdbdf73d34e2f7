"""Newer pages: who sees what, redirects with credentials, and hostile text from platforms."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.utils import timezone

from advocacy.tests.attacked import client_of, somebody
from advocacy.tests.test_security_hostile import ALL, danger_in
from channels.contract import Item, Page
from channels.errors import ChannelError, Malformed, Rejected
from channels.http import client as http
from channels.inbox import storing_once
from channels.models import Batch, InboundItem
from channels.registry.configs import network, source_of
from channels.registry.finding_adapters import all_adapters
from channels.tests.adapters.test_adapter_fuzz import IN_JSON, PAYLOADS
from channels.tests.factories import make_channel, make_connection
from channels.tests.loopback import Reply, serving
from channels.tests.mutations import documents
from channels.web_pages.page_reading import read as read_page
from mentions.ingest.batch import ingest_pending
from mentions.models import Author, Message, Ticket
from mentions.tests.factories import UserFactory

SECRET, KEY = "hushhush", "key-4711-of-the-desk"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


# --- keys and redirects -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Authorization", "Api-Key", "User-Api-Key", "X-Goog-Api-Key", "PRIVATE-TOKEN", "Cookie"]
)
def test_no_key_follows_a_redirect_to_another_host(name):
    with serving(lambda seen: Reply(200, b"{}")) as thief:
        target = {"Location": f"{thief.url}/x"}
        with serving(lambda seen: Reply(302, b"", target)) as server:
            way_out = server.network(allowed_private=(server.address, thief.address))
            with pytest.raises(Rejected) as caught:
                http.get_json(way_out, f"{server.url}/a", headers={name: KEY}, secrets=[KEY])
    assert KEY not in str(caught.value)
    assert thief.seen == []


def test_what_says_nothing_may_follow():
    with serving(lambda seen: Reply(200, b'{"a": 1}')) as other:
        target = {"Location": f"{other.url}/x"}
        with serving(lambda seen: Reply(302, b"", target)) as server:
            way_out = server.network(allowed_private=(server.address, other.address))
            assert http.get_json(way_out, f"{server.url}/a", headers={"If-None-Match": "x"}).body == {"a": 1}


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/"),
        *(
            "http://localhost/",
            "http://169.254.169.254/latest/",
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
            "gopher://x/",
        ),
        *("http://user:pass@127.0.0.1/", "http://0/", "http://[fe80::1]/", "http://[::]/", "javascript:alert(1)", ""),
    ],
)
def test_a_page_inside_is_not_read(url, settings):
    settings.ALLOWED_PRIVATE_HOSTS = []
    with pytest.raises(ChannelError):
        read_page(network(), url)


# --- who sees what ----------------------------------------------------------------------------------------------------


def mailbox():
    """Two channels of one connection; managers may not see one of them. Each has one mail, and one excluded mail."""
    connection = make_connection(platform="form", settings={"default_domain": "acme.example"})
    make_channel(connection, slug="open", name="Open", address="open@acme.example", rank=1)
    make_channel(
        connection, slug="closed", name="Closed", address="closed@acme.example", visible_to=["admin"], rank=2,
        query="nothing-is-this",
    )  # fmt: skip
    source = source_of(connection.pk)
    for number, (address, text) in enumerate((("open", "Acme please"), ("closed", f"Acme {SECRET}"))):
        document = {
            "form": f"{address}@acme.example",
            "id": f"s-{number}",
            "answers": {"name": "Ada", "email": "ada@univ.example", "message": text},
        }
        items = source.adapter.split(document, source.config)
        batch = Batch.objects.create(
            connection=connection, reason=Batch.Reason.choices[0][0], started_at=timezone.now()
        )
        storing_once.store_page(connection.pk, Page(items, None), fetched_at=timezone.now())
        InboundItem.objects.filter(batch=None).update(batch=batch)
    ingest_pending(100)
    return connection


@pytest.mark.parametrize("role", ["volunteer", "advocate", "manager", "nobody"])
def test_the_pages_about_channels_show_nothing_of_a_hidden_one(role):
    mailbox()
    client = client_of(somebody(role))
    pages = [
        *("/channels/open/query/", "/channels/open/query/?q=Acme", f"/channels/open/query/?q={SECRET}"),
        *("/channels/closed/query/", "/channels/closed/query/?q=Acme", "/channels/ignored/", "/channels/imports/"),
        *(f"/channels/imports/{pk}/" for pk in Batch.objects.values_list("pk", flat=True)),
        *("/queue/", f"/search/?q={SECRET}", "/checklist/", f"/palette/?q={SECRET}", "/channels/", "/forms/", "/add/"),
        "/reports/first-reply/table.csv",
    ]
    for page in pages:
        html = client.get(page, follow=True).content.decode()
        html = html.replace(f"q={SECRET}", "").replace(f">{SECRET}</textarea>", "").replace(f'value="{SECRET}"', "")
        assert f"Acme {SECRET}" not in html, page
        assert f"<mark>{SECRET}" not in html, page


def test_an_admin_sees_what_the_others_must_not():
    mailbox()
    boss = client_of(UserFactory(is_superuser=True, is_staff=True))
    assert SECRET in boss.get("/channels/closed/query/?q=Acme").content.decode()


# --- hostile text from platforms --------------------------------------------------------------------------------------

EVIL = {
    "url": "javascript:alert(1)",
    "html": ALL,
    "name": ALL[:300],
    "time": "99999-01-01T00:00:00Z",
}


def test_a_hostile_form_is_inert_on_every_page():
    connection = make_connection(platform="form", settings={"default_domain": "acme.example"})
    make_channel(connection, slug="open", name="Open", address="open@acme.example")
    source = source_of(connection.pk)
    answers = {"name": ALL[:300], "email": "ada@univ.example", "site": EVIL["url"], "message": ALL, ALL[:90]: ALL}
    items = source.adapter.split({"form": "open@acme.example", "id": "1", "answers": answers}, source.config)
    storing_once.store_page(
        connection.pk, Page([Item(i.external_id, i.payload, i.raw) for i in items], None), fetched_at=timezone.now()
    )
    ingest_pending(100)
    message, ticket = Message.objects.get(), Ticket.objects.get()
    assert not message.url.startswith("javascript")
    client = client_of(UserFactory(is_superuser=True, is_staff=True))
    for page in (
        *("/queue/", f"/tickets/{ticket.pk}/", f"/tickets/{ticket.pk}/preview/", "/search/?q=alert", "/channels/"),
        *(
            f"/authors/{message.author_id}/",
            "/channels/open/query/?q=alert",
            "/channels/imports/",
            "/play/",
            "/checklist/",
        ),
    ):
        answer = client.get(page, follow=True)
        charts_of_ours = ["<svg>"] if page == "/channels/" else []
        assert [each for each in danger_in(answer.content.decode()) if each not in charts_of_ours] == [], page
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "*" not in policy


TEXTS = ("text", "body", "cooked", "title", "message", "content", "summary", "raw")


def poisoned(value, name=""):
    """Every URL leads to a script, every text is an attack; ids, times and kinds are unchanged, so that it is
    parsed."""
    if isinstance(value, dict):
        return {key: poisoned(inner, key.lower()) for key, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    if any(part in name for part in ("url", "link", "href", "avatar")):
        return "javascript:alert(1)"
    if "name" in name:  # on some platforms it is an id
        return f"{value[:20]}<script>alert(1)</script>"
    if any(part in name for part in TEXTS):
        return f"Acme {ALL}"
    return value


@pytest.mark.parametrize("platform", [name for name in IN_JSON if name not in ("feed", "form")])
def test_poisoned_posts_of_every_platform_are_inert_on_every_page(platform):
    values = json.loads(path.read_text()) if (path := PAYLOADS / platform / "config.json").exists() else {}
    needed = {
        field.name: "acme" for field in all_adapters()[platform].fields if field.required and field.kind == "text"
    }
    connection = make_connection(platform=platform, settings={**needed, **values.get("settings", {})})
    make_channel(connection, slug="open", is_default=True, settings={})
    source = source_of(connection.pk)
    for document in documents(PAYLOADS / platform):
        try:
            items = source.adapter.split(poisoned(document), source.config)
        except Malformed:
            continue
        storing_once.store_page(connection.pk, Page(items, None), fetched_at=timezone.now())
    while ingest_pending(200).taken:
        pass
    failed = InboundItem.objects.filter(state="failed").values_list("error", flat=True)
    assert [error for error in failed if "Error:" in error] == []
    for model in (Message, Author):
        assert not model.objects.filter(url__istartswith="javascript").exists()
    client = client_of(UserFactory(is_superuser=True, is_staff=True))
    tickets = Ticket.objects.values_list("pk", "requester_id")[:3]
    pages = [f"/{kind}/{pk}/" for ticket in tickets for kind, pk in zip(("tickets", "authors"), ticket, strict=True)]
    for page in ("/queue/", "/channels/open/query/?q=Acme", *pages):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert danger_in(answer.content.decode()) == [], page
