"""One source of a connection that is refused or broken keeps none of the others from being read, wherever it stands.

Every adapter is accounted for: it is tried here at each position, by a test of its own, or it reads one source only.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from channels.clocks import desk_now
from channels.contract import Adapter, Config, Json, Page
from channels.errors import ChannelError, RateLimited, Transient
from channels.models import Batch, Connection
from channels.polling import polling
from channels.registry.lookup import all_adapters
from channels.tests.factories import NOW, make_connection, page_of
from channels.tests.fakes import FakeAdapter
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

NAMES = ("Alpha", "Beta", "Gamma")
TESTED_BY = {
    "bluesky": "test_bluesky.test_a_search_that_is_out_of_order_keeps_the_notifications_coming",
    "chatlog": "test_chatlog_reading.test_one_room_that_is_closed_or_broken_is_told_and_goes_on_where_it_was",
    "disqus": "test_disqus.test_one_forum_that_is_closed_or_broken_is_told_and_loses_nothing",
    "email": "test_email_imap.test_a_folder_that_cannot_be_opened_keeps_no_other_from_being_read",
    "facebook": "test_facebook.test_a_missing_right_to_messages_does_not_keep_comments_from_being_read",
    "gitlab": "test_gitlab.test_a_project_that_is_gone_does_not_keep_the_others_from_being_read",
    "hackerone": "test_hackerone.test_a_program_that_cannot_be_read_does_not_keep_the_others_from_being_read",
    "lobsters": "test_lobsters.test_a_story_that_cannot_be_read_does_not_keep_the_others_waiting",
    "mastodon": "test_mastodon.test_a_list_that_is_refused_or_out_of_order_does_not_stop_the_others",
    "reddit": "test_reddit.test_a_source_that_is_out_of_order_does_not_keep_the_others_from_being_read",
    "slack": "test_slack_adapter.test_a_room_that_cannot_be_read_is_told_and_the_others_are_read",
    "twitter": "test_twitter.test_a_handle_that_does_not_exist_does_not_stop_the_others",
    "youtube": "test_youtube.test_a_video_without_comments_does_not_stop_the_others",
}
ONE_SOURCE = {
    "discourse": "one list holds all posts of a forum",
    "form": "nothing is polled",
    "manual": "nothing is polled",
}


def _hit(server: Server, seen: Seen) -> Json:
    name, at = seen.query["query"], int(desk_now().timestamp()) - 600
    story = {"story_id": 1, "parent_id": 1, "author": "jane", "comment_text": f"I like {name}", "created_at_i": at}
    return {"hits": [{"objectID": str(1 + NAMES.index(name)), "_tags": ["comment", "story_1"], **story}], "nbPages": 1}


def _question(server: Server, seen: Seen) -> Json:
    name = seen.query["q"]
    question = {"question_id": 1 + NAMES.index(name), "title": f"I like {name}", "body": "<p>b</p>", "tags": ["ci"]}
    owner = {"user_id": 5, "display_name": "Jane"}
    link = f"https://stackoverflow.com/questions/{question['question_id']}/x"
    asked = {**question, "owner": owner, "link": link, "creation_date": int(desk_now().timestamp()) - 600}
    return {"items": [asked], "has_more": False, "quota_remaining": 100, "quota_max": 300}


def _entry(server: Server, seen: Seen) -> Json:
    number = 1 + NAMES.index(seen.path.strip("/"))
    item = {"id": str(number), "url": f"https://acme.example/{number}", "content_text": "I like Acme"}
    return {"version": "https://jsonfeed.org/version/1.1", "title": "Acme", "items": [item]}


def _incidents(server: Server, seen: Seen) -> Json:
    name = "incidents" if "incidents" in seen.path else "scheduled_maintenances"
    update = {"id": f"u-{name}", "body": "It is slow.", "status": "investigating", "created_at": "2026-03-02T10:00:00Z"}
    incident = {"id": f"i-{name}", "name": "Slow", "incident_updates": [update], "created_at": "2026-03-02T10:00:00Z"}
    return {"page": {"id": "p", "name": "Acme"}, name: [incident]}


Case = tuple[Callable[[Server, Seen], Json], Callable[[Server], dict[str, Any]], tuple[str, ...]]
TRIED: dict[str, Case] = {
    "hackernews": (_hit, lambda s: {"algolia_base": s.url, "phrases": list(NAMES)}, NAMES),
    "stackexchange": (_question, lambda s: {"api_base": s.url, "site": "stackoverflow", "phrases": list(NAMES)}, NAMES),
    "feed": (_entry, lambda s: {"feeds": [f"{s.url}/{name}" for name in NAMES]}, NAMES),
    "statuspage": (_incidents, lambda s: {"api_base": s.url}, ("incidents", "scheduled-maintenances")),
}
FAULTS = {
    "refused": Reply(400, b'{"message":"no","error_id":400,"error_message":"no"}'),
    "gone": Reply(404, b"{}"),
    "broken": Reply(503, b"oops"),
    "garbage": Reply(200, b"<h1>It is us</h1>"),
}


def test_every_adapter_is_accounted_for() -> None:
    assert sorted([*TRIED, *TESTED_BY, *ONE_SOURCE]) == sorted(all_adapters())
    for name in TESTED_BY.values():
        module, function = name.split(".")
        assert callable(getattr(importlib.import_module(f"channels.tests.adapters.{module}"), function, None)), name


POSITIONS = [(platform, place) for platform, case in TRIED.items() for place in range(len(case[2]))]


@pytest.fixture(params=POSITIONS, ids=lambda position: f"{position[0]} {position[1]}")
def tried(request: pytest.FixtureRequest) -> tuple[str, int]:
    return request.param


@pytest.mark.parametrize("fault", FAULTS)
def test_a_source_that_fails_keeps_no_other_from_being_read(tried: tuple[str, int], fault: str) -> None:
    platform, place = tried
    make, settings, names = TRIED[platform]
    adapter, failing = all_adapters()[platform], {names[place]}

    def answer(seen: Seen) -> Reply:
        asked = f"{seen.path} {sorted(seen.query.values())}"
        if any(name in asked for name in failing):
            return FAULTS[fault]
        return as_json(make(server, seen))

    with serving(answer) as server:
        config = Config(settings(server), network=server.network())
        pages, error = _poll(adapter, config, None)
        others = {item.external_id for page in pages for item in page.items}
        assert error is None
        assert len(others) == len(names) - 1
        assert pages[-1].trouble
        assert [page.trouble for page in pages[:-1]] == [""] * (len(pages) - 1)
        failing.clear()
        pages, error = _poll(adapter, config, pages[-1].cursor)
        assert error is None
        now = {item.external_id for page in pages for item in page.items}
        assert len(now | others) == len(names), "the one that failed is read from where it broke"
        assert not pages[-1].trouble


def _poll(adapter: Adapter, config: Config, cursor: Json) -> tuple[list[Page], ChannelError | None]:
    pages: list[Page] = []
    try:
        for page in adapter.fetch(config, json.loads(json.dumps(cursor))):
            pages.append(page)
    except ChannelError as error:
        return pages, error
    return pages, None


def test_a_pause_of_one_method_keeps_the_other_one_going() -> None:
    """Stack Exchange asks for a pause of `/search` between two pages; phrases are asked elsewhere."""

    def answer(seen: Seen) -> Reply:
        if seen.path == "/search":
            found = _question(server, Seen("GET", "", {"q": "Alpha"}, {}, b""))
            return as_json({**found, "has_more": True, "backoff": 30})
        return as_json(_question(server, seen))

    with serving(answer) as server:
        settings = {"api_base": server.url, "site": "stackoverflow", "tags": ["ci"], "phrases": list(NAMES)}
        config = Config(settings, network=server.network())
        adapter = all_adapters()["stackexchange"]
        pages, error = _poll(adapter, config, None)
        assert isinstance(error, RateLimited)
        assert {item.external_id for page in pages for item in page.items} >= {"1", "2", "3"}
        assert pages[-1].cursor["next"] == "tags ci"
        before = len(server.seen)
        pages, error = _poll(adapter, config, pages[-1].cursor)
        assert isinstance(error, RateLimited)
        assert "/search" not in {seen.path for seen in server.seen[before:]}


# --- a first import goes on until everything of it is there ---------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "how", ["a part is out of order", "an admin pauses", "the quota is used up", "a pause is asked"]
)
def test_a_first_import_stays_open_while_something_of_it_is_to_come(fake: FakeAdapter, how: str) -> None:
    connection = make_connection()
    first = page_of(("1", "a"), cursor=1)
    fake.pages = [first]
    if how == "a part is out of order":
        fake.pages = [first, Page((), 1, trouble="b: 503", again_soon=True)]
    elif how == "the quota is used up":
        fake.pages = [Page(first.items, 1, quota_left=0, quota_resets_at=NOW + timedelta(hours=1))]
    elif how == "a pause is asked":
        fake.pages = [first, RateLimited("Slow down.", retry_after_s=60)]
    else:
        fake.on_fetch = lambda config, cursor: _paused(connection, first)
    polling.poll(connection.pk, NOW)
    assert [(b.reason, b.is_open) for b in Batch.objects.all()] == [("first", True)]
    Connection.objects.update(is_active=True)
    fake.on_fetch, fake.pages = None, [page_of(("2", "b"), cursor=2)]
    polling.poll(connection.pk, NOW + timedelta(hours=2))
    assert [(b.reason, b.is_open, b.items.count()) for b in Batch.objects.all()] == [("first", False, 2)]


def _paused(connection: Connection, page: Page) -> Any:
    Connection.objects.filter(pk=connection.pk).update(is_active=False)
    yield page
    raise AssertionError("a connection that is paused is not read on")


@pytest.mark.django_db
def test_a_later_import_is_one_poll_whatever_goes_wrong(fake: FakeAdapter) -> None:
    connection = make_connection(cursor=0)
    fake.pages = [page_of(("1", "a"), cursor=1), Page((), 1, trouble="b: 503", again_soon=True)]
    polling.poll(connection.pk, NOW)
    fake.pages = [page_of(("2", "b"), cursor=2), Transient("503")]
    polling.poll(connection.pk, NOW + timedelta(hours=1))
    assert [(b.reason, b.is_open) for b in Batch.objects.order_by("pk")] == [("poll", False), ("poll", False)]
