"""The tester of a channel's query, and the page of excluded items."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels.inbox import recent_items
from channels.inbox.storing_once import store_page
from channels.models import Batch, Channel, Connection, IgnoreRule, InboundItem
from channels.query_tester import query_tester
from channels.tests.factories import make_channel, make_connection, page_of
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    cache.clear()


@pytest.fixture
def connection(fake: FakeAdapter) -> Connection:
    return make_connection(settings={})


@pytest.fixture
def channel(connection: Connection) -> Channel:
    return make_channel(connection, slug="acme")


def somebody(*rights: str, role: str = "") -> Client:
    user = User.objects.create_user("somebody")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def reader(db: None) -> Client:
    return somebody("view_channel", role="manager")


@pytest.fixture
def admin(db: None) -> Client:
    return somebody("view_channel", "change_channel", "add_ignorerule", "change_ignorerule")


def bring(connection: Connection, *texts: str | None, first: int = 1) -> None:
    posts: Any = [(str(first + n), text) for n, text in enumerate(texts)]
    store_page(connection.pk, page_of(*posts), fetched_at=timezone.now())
    InboundItem.objects.filter(state="pending").update(state="stored")


def page(client: Client, address: str = "/channels/acme/query/", **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def test_trial_tells_what_comes_in_and_what_not(channel: Channel) -> None:
    bring(channel.connection, "I use Acme", "nothing", "acme jobs", None)
    InboundItem.objects.create(
        connection=channel.connection,
        external_id="x",
        payload={},
        digest=b"",
        state="failed",
        fetched_at=timezone.now(),
    )
    channel.query = "acme"
    trial = query_tester.trial_of(channel, "-jobs", timezone.now())
    assert (trial.seen, trial.total, trial.is_done) == (5, 5, True)
    assert (trial.comes, trial.stays, trial.newly_in, trial.newly_out) == (2, 1, 1, 1)
    assert (trial.nothing, trial.failed, trial.own, trial.others) == (1, 1, 0, 0)
    (stays,) = trial.examples["stays"]
    assert (stays.text, stays.why) == ([("acme ", False), ("jobs", True)], ["jobs matches and is excluded"])


def test_trial_counts_what_other_channels_and_own_posts_are(
    channel: Channel, fake: FakeAdapter, monkeypatch: Any
) -> None:
    make_channel(channel.connection, address="support")
    Channel.objects.filter(pk=channel.pk).update(address="acme")
    real: Callable[..., Any] = fake.parse
    kinds: dict[str, dict[str, Any]] = {"1": {"addressed": (("support",),)}, "2": {"is_own": True}}
    monkeypatch.setattr(
        fake, "parse", lambda item, config: replace(real(item, config), **kinds.get(item.external_id, {}))
    )
    bring(channel.connection, "a", "b", "c")
    channel.refresh_from_db()
    trial = query_tester.trial_of(channel, "", timezone.now())
    assert (trial.others, trial.own, trial.comes) == (1, 1, 1)


def test_trial_stops_at_its_time_and_goes_on(channel: Channel) -> None:
    bring(channel.connection, *[f"post {n}" for n in range(20)])
    now, seen = timezone.now(), []
    for _ in range(40):
        trial = query_tester.trial_of(channel, "post", now, budget_s=0)
        seen.append(trial.seen)
        if trial.is_done:
            break
    assert seen == list(range(1, 21))
    assert trial.comes == 20
    bring(channel.connection, "new post", first=50)
    assert query_tester.trial_of(channel, "post", now).comes == 20
    query_tester.forget(channel, "post")
    assert query_tester.trial_of(channel, "post", timezone.now()).comes == 21


def test_trial_is_bounded_in_items_and_days(channel: Channel, monkeypatch: Any) -> None:
    bring(channel.connection, *[f"post {n}" for n in range(6)])
    InboundItem.objects.filter(external_id="6").update(created_at=timezone.now() - timedelta(days=31))
    assert query_tester.trial_of(channel, "post", timezone.now()).total == 5
    monkeypatch.setattr(query_tester, "MAX_ITEMS", 3)
    query_tester.forget(channel, "post")
    trial = query_tester.trial_of(channel, "post", timezone.now())
    assert (trial.seen, trial.total, trial.is_capped) == (3, 3, True)


def test_tester_page_marks_what_was_found_and_says_why(admin: Client, channel: Channel) -> None:
    bring(channel.connection, "I use <b>Acme</b>", "nothing")
    channel.query = "nothing"
    channel.save()
    text = page(admin, q="acme")
    assert "&lt;b&gt;<mark>Acme</mark>&lt;/b&gt;" in text
    assert "acme is missing" in text
    assert "1 not matched by the current query" in text
    assert "Switch on" in text


def test_progress_is_a_fragment_that_goes_on_by_itself(admin: Client, channel: Channel, monkeypatch: Any) -> None:
    bring(channel.connection, "a", "b")
    monkeypatch.setattr(query_tester.trial_of, "__defaults__", (0,))
    assert 'hx-get="?q=a"' in page(admin, q="a")
    response = admin.get("/channels/acme/query/", {"q": "a"}, headers={"HX-Request": "true"})
    assert response.content.decode().startswith("<section")
    assert "hx-get" not in response.content.decode()
    assert "HX-Request" in response["Vary"]


def test_draft_is_kept_and_switched_on(admin: Client, channel: Channel) -> None:
    response = admin.post("/channels/acme/query/", {"do": "try", "query": "acme -jobs"})
    assert response["Location"] == "/channels/acme/query/?q=acme+-jobs"
    channel.refresh_from_db()
    assert (channel.query, channel.draft_query) == ("", "acme -jobs")
    admin.post("/channels/acme/query/", {"do": "switch", "query": "acme"})
    channel.refresh_from_db()
    assert (channel.query, channel.draft_query) == ("acme", "acme")


@pytest.mark.parametrize("do", ["try", "switch"])
def test_query_with_a_mistake_is_not_stored_and_says_what_to_do(admin: Client, channel: Channel, do: str) -> None:
    response = admin.post("/channels/acme/query/", {"do": do, "query": 'acme "jobs\0'})
    assert response.status_code == 422
    assert "At character 6: this quote is not closed" in response.content.decode()
    channel.refresh_from_db()
    assert (channel.query, channel.draft_query) == ("", "")


def test_what_an_older_query_kept_out_is_let_in_as_one_import(admin: Client, channel: Channel) -> None:
    bring(channel.connection, "a", "b", "c")
    InboundItem.objects.filter(external_id__in="12").update(state="ignored", ignored_why="query")
    assert "2 items in the last 30 days" in page(admin)
    admin.post("/channels/acme/query/", {"do": "let_in"})
    batch = Batch.objects.get()
    assert (batch.reason, batch.channel, batch.connection) == ("query", channel, channel.connection)
    assert set(batch.items.values_list("state", "ignored_why")) <= {("pending", ""), ("stored", "")}
    assert batch.items.count() == 2


def test_managers_try_but_do_not_change(reader: Client, channel: Channel) -> None:
    bring(channel.connection, "acme")
    assert "Only admins can switch it on" in page(reader, q="acme")
    assert reader.post("/channels/acme/query/", {"do": "switch", "query": "x"}).status_code == 403
    assert Client().get("/channels/acme/query/").status_code == 302
    assert somebody_else().get("/channels/acme/query/").status_code == 403


def somebody_else() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("else"))
    return client


def test_hidden_channel_shows_nothing(reader: Client, channel: Channel) -> None:
    bring(channel.connection, "hushhush acme")
    rule = IgnoreRule.objects.create(name="r", query="acme")
    InboundItem.objects.update(state="ignored", ignored_why="rule", ignored_by=rule)
    assert "hushhush" in page(reader, f"/channels/ignored/rules/{rule.pk}/")
    Channel.objects.update(visible_to=["advocate"])
    assert reader.get("/channels/acme/query/").status_code == 404
    assert "hushhush" not in page(reader, f"/channels/ignored/rules/{rule.pk}/")
    Channel.objects.update(visible_to=["manager"])
    assert reader.get("/channels/acme/query/").status_code == 200


# --- ignored ---------------------------------------------------------------------------------------------------------


def stopped(connection: Connection) -> IgnoreRule:
    rule = IgnoreRule.objects.create(name="Our bots", query="bot OR jobs")
    bring(connection, "a bot", "some jobs", None, "else")
    items = InboundItem.objects.all()
    items.filter(external_id__in="12").update(state="ignored", ignored_why="rule", ignored_by=rule)
    items.filter(external_id="2").update(created_at=timezone.now() - timedelta(days=40))
    items.filter(external_id="3").update(state="ignored")
    items.filter(external_id="4").update(state="ignored", ignored_why="query")
    return rule


def test_rules_are_shown_with_what_each_stopped(reader: Client, channel: Channel) -> None:
    rule = stopped(channel.connection)
    text = re.sub(r">\s+<", "><", " ".join(page(reader, "/channels/ignored/").split()))
    assert 'Our bots</th><td role="cell"><code>bot OR jobs</code></td><td role="cell"><span class="muted">all' in text
    assert '">1</td><td role="cell" class="number" data-label="Total">2</td>' in text
    assert "New rule" not in text
    listed = page(reader, f"/channels/ignored/rules/{rule.pk}/")
    assert "<mark>bot</mark>" in listed
    assert "<mark>jobs</mark>" in listed
    assert "Let in" not in listed
    channel.query = "acme"
    channel.save()
    assert "acme is missing" in page(reader, "/channels/ignored/query/")
    assert "not a mention" in page(reader, "/channels/ignored/none/")
    assert reader.get("/channels/ignored/nonsense/").status_code == 404


def test_item_is_let_in_past_its_rule(admin: Client, channel: Channel) -> None:
    rule = stopped(channel.connection)
    item = InboundItem.objects.get(external_id="1")
    assert "Let in" in page(admin, f"/channels/ignored/rules/{rule.pk}/")
    response = admin.post(f"/channels/ignored/items/{item.pk}/let-in/")
    assert response["Location"] == f"/channels/ignored/rules/{rule.pk}/"
    item.refresh_from_db()
    assert (item.state, item.ignored_why, item.ignored_by) == ("pending", "rule", rule)
    assert admin.post(f"/channels/ignored/items/{item.pk}/let-in/")["Location"] == "/channels/ignored/"


def test_new_rule_is_previewed_then_added_and_switched_off(admin: Client, channel: Channel) -> None:
    bring(channel.connection, "a bot", "some jobs", "else")
    form = {"name": "Bots", "query": "bot", "channel": ""}
    text = admin.post("/channels/ignored/", {**form, "do": "preview"}).content.decode()
    assert "Would have stopped 1 of the newest 3 items" in text
    assert "<mark>bot</mark>" in text
    assert not IgnoreRule.objects.exists()
    admin.post("/channels/ignored/", {**form, "do": "add"})
    rule = IgnoreRule.objects.get()
    admin.post("/channels/ignored/", {"toggle": rule.pk})
    assert not IgnoreRule.objects.get().is_active
    admin.post("/channels/ignored/", {"toggle": rule.pk})
    assert IgnoreRule.objects.get().is_active


@pytest.mark.parametrize(("query", "words"), [("bot OR", "a term is missing"), (" ", "required"), ("()", "before")])
def test_rule_with_a_mistake_is_refused(admin: Client, channel: Channel, query: str, words: str) -> None:
    response = admin.post("/channels/ignored/", {"name": "x", "query": query, "channel": "", "do": "add"})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not IgnoreRule.objects.exists()


def test_managers_make_no_rules(reader: Client, channel: Channel) -> None:
    rule = stopped(channel.connection)
    assert reader.post("/channels/ignored/", {"name": "x", "query": "x", "do": "add"}).status_code == 403
    assert reader.post("/channels/ignored/", {"toggle": rule.pk}).status_code == 403
    assert reader.post("/channels/ignored/items/1/let-in/").status_code == 403


def test_list_is_paged_and_costs_as_many_queries_for_many(reader: Client, channel: Channel) -> None:
    rule = stopped(channel.connection)
    address, counts = f"/channels/ignored/rules/{rule.pk}/", []
    for texts in ([], [f"bot {n}" for n in range(60)]):
        if texts:
            bring(channel.connection, *texts, first=100)
            InboundItem.objects.filter(state="stored").update(state="ignored", ignored_why="rule", ignored_by=rule)
        with CaptureQueriesContext(database) as captured:
            text = page(reader, address)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    oldest = InboundItem.objects.order_by("-pk")[49]
    assert f"{address}?below={oldest.pk}" in text
    assert text.count('class="row"') == 50
    assert page(reader, address, below=str(oldest.pk)).count('class="row"') == 12


def test_excerpt_is_around_the_first_mark() -> None:
    text = "x" * 1000 + " acme " + "y" * 1000
    pieces = recent_items.marked(text, [(1001, 1005)])
    assert ("acme", True) in pieces
    assert sum(len(piece) for piece, _ in pieces) < 300
    assert (pieces[0], pieces[-1]) == (("…", False), ("…", False))
    assert recent_items.marked("", []) == []
