"""A broken list of a connection doesn't block the others, whatever its position.

Every adapter is covered: its lists are broken here one by one, in the sandbox; or it's listed below, with a separate
test or the reason why there is only one list.
"""

from __future__ import annotations

import importlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache

from channels.clocks import desk_now
from channels.contract import Adapter, Config, Json, Network, Page
from channels.errors import ChannelError, RateLimited, Transient
from channels.models import Batch, Connection
from channels.polling import polling
from channels.registry.finding_adapters import all_adapters
from channels.tests.factories import NOW, make_connection, page_of
from channels.tests.fakes import FakeAdapter
from channels.tests.loopback import Reply, Seen, as_json, serving
from channels.toolkit import list_sources
from channels.toolkit.list_sources import ListSource, Read
from sandbox import launch

SEVERAL: dict[str, dict[str, Any]] = {
    "chatlog": {"rooms": ["#acme:matrix.acme.example", "!AcmeRoomOfTheSandbox:matrix.acme.example"]},
    "hackernews": {"phrases": ["Acme", "work"]},
    "youtube": {"channel_ids": ["UCaae8eff587fde546bf1e3e"], "video_ids": ["AcmeRunners"]},
}
"""Settings beside those of the sandbox that make several lists of one."""
TESTED_BY = {
    "email": "test_email_imap.test_a_folder_that_cannot_be_opened_keeps_no_other_from_being_read",
    "lobsters": "test_lobsters.test_a_story_that_cannot_be_read_does_not_keep_the_others_waiting",
}
ONE_LIST = {
    "discourse": "one list holds all posts of a forum",
    "form": "nothing is polled",
    "manual": "nothing is polled",
}


APART = ("feed", "twitter")
"""Each list has its own server, or its own limits and tokens."""


def _module_of(adapter: Adapter) -> Any:
    """Where it reads its lists; None if it doesn't read them by `read_lists`."""
    package = type(adapter).__module__
    for name in (f"{package}.fetching", package):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        if vars(module).get("read_lists") is list_sources.read_lists:
            return module
    return None


TRIED = sorted(name for name, adapter in all_adapters().items() if _module_of(adapter))


def test_every_adapter_is_accounted_for() -> None:
    assert sorted([*TRIED, *TESTED_BY, *ONE_LIST]) == sorted(all_adapters())
    for name in TESTED_BY.values():
        module, function = name.split(".")
        assert callable(getattr(importlib.import_module(f"channels.tests.adapters.{module}"), function, None)), name


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    with launch.start(tmp_path_factory.mktemp("isolation")) as running:
        for platform in TRIED:
            running.post(platform, text="@acme, does Acme work?")
        yield running


class Watched:
    """An adapter against the sandbox, with recorded reads of its lists. While the list `broken` is read, the platform
    has a fault."""

    def __init__(self, platform: str, sandbox: launch.Running, monkeypatch: pytest.MonkeyPatch) -> None:
        access = sandbox.access()[platform]
        self.adapter, self.sandbox, self.platform = all_adapters()[platform], sandbox, platform
        self.config = Config(
            {**access["settings"], **SEVERAL.get(platform, {})},
            access["secrets"],
            tuple(access["channels"]),
            network=Network(allowed_private=(sandbox.http_url.removeprefix("http://"),)),
            channel_settings={name: settings for name, (settings, _) in access["channels"].items()},
            channel_secrets={name: secrets for name, (_, secrets) in access["channels"].items()},
        )
        sandbox.control("quotas/renew")  # a module makes more requests than a desk would
        self.broken, self.fault = "", ""
        self.labels: dict[str, str] = {}
        self.found: dict[str, set[str]] = defaultdict(set)
        self.under, self.apart = "sources", False
        monkeypatch.setattr(_module_of(self.adapter), "read_lists", self._read_lists)

    def _read_lists(self, sources: list[ListSource], cursor: Json, **how: Any) -> Iterator[Page]:
        self.under, self.apart = how.get("under", self.under), how.get("apart", False)
        self.labels = {each.name: each.name if each.label is None else each.label for each in sources}
        return list_sources.read_lists([replace(s, read=partial(self._read, s)) for s in sources], cursor, **how)

    def _read(self, source: ListSource, mark: Json) -> Iterator[Read]:
        if source.name == self.broken:
            self.sandbox.control("faults", platform=self.platform, kind=self.fault)
        try:
            for read in source.read(mark):
                self.found[source.name] |= {item.external_id for item in read.items}
                yield read
        finally:
            self.sandbox.control("faults/clear")

    def poll(self, cursor: Json = None, broken: str = "", fault: str = "") -> list[Page]:
        self.broken, self.fault = broken, fault
        self.found.clear()
        return list(self.adapter.fetch(self.config, json.loads(json.dumps(cursor))))


@pytest.mark.parametrize("platform", TRIED)
def test_a_list_that_fails_keeps_no_other_from_being_read(
    platform: str, sandbox: launch.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(platform, sandbox, monkeypatch)
    watched.poll()
    healthy, names = dict(watched.found), list(watched.labels)
    assert len(names) > 1
    assert any(healthy.values())
    for number, name in enumerate(names):
        *_, failed = watched.poll(None, name, ("500", "html")[number % 2])
        others = {other: healthy[other] for other in names if other != name}
        assert {other: watched.found[other] for other in others} == others
        assert not watched.found[name]
        assert watched.labels[name] in failed.trouble
        first = failed.cursor[watched.under][name]
        *_, last = watched.poll(failed.cursor)
        assert watched.found[name] >= healthy[name], "it is read from where it broke"
        assert not last.trouble
        *_, again = watched.poll(last.cursor, name, "500")
        assert again.cursor[watched.under][name] == last.cursor[watched.under][name], "its mark stays"
        assert first is None or again.cursor[watched.under][name] is not None


@pytest.mark.parametrize("fault", ["429", "expired"])
@pytest.mark.parametrize("platform", TRIED)
def test_a_limit_or_a_token_of_one_list_stops_no_other_where_each_has_its_own(
    platform: str, fault: str, sandbox: launch.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(platform, sandbox, monkeypatch)
    watched.poll()
    assert watched.apart or platform not in APART
    healthy, names = dict(watched.found), list(watched.labels)
    for name in names if watched.apart else ():
        *_, last = watched.poll(None, name, fault)
        assert {other: watched.found[other] for other in names if other != name} == {
            other: healthy[other] for other in names if other != name
        }
        assert last.trouble
        cache.clear()  # the limit is over


@pytest.mark.parametrize("platform", TRIED)
def test_a_poll_fails_if_none_of_its_lists_can_be_read(
    platform: str, sandbox: launch.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(platform, sandbox, monkeypatch)
    sandbox.control("faults", platform=platform, kind="500")
    monkeypatch.setattr(watched, "_read", lambda source, mark: source.read(mark))
    try:
        with pytest.raises(Transient):
            watched.poll()
    finally:
        sandbox.control("faults/clear")


NAMES = ("Alpha", "Beta", "Gamma")


def _question(seen: Seen) -> Json:
    name = seen.query["q"]
    question = {"question_id": 1 + NAMES.index(name), "title": f"I like {name}", "body": "<p>b</p>", "tags": ["ci"]}
    owner = {"user_id": 5, "display_name": "Jane"}
    link = f"https://stackoverflow.com/questions/{question['question_id']}/x"
    asked = {**question, "owner": owner, "link": link, "creation_date": int(desk_now().timestamp()) - 600}
    return {"items": [asked], "has_more": False, "quota_remaining": 100, "quota_max": 300}


def _poll(adapter: Adapter, config: Config, cursor: Json) -> tuple[list[Page], ChannelError | None]:
    pages: list[Page] = []
    try:
        for page in adapter.fetch(config, json.loads(json.dumps(cursor))):
            pages.append(page)
    except ChannelError as error:
        return pages, error
    return pages, None


def test_a_pause_of_one_method_keeps_the_other_one_going() -> None:
    """Stack Exchange requests a pause of `/search` between two pages; phrases use another method."""

    def answer(seen: Seen) -> Reply:
        if seen.path == "/search":
            found = _question(Seen("GET", "", {"q": "Alpha"}, {}, b""))
            return as_json({**found, "has_more": True, "backoff": 30})
        return as_json(_question(seen))

    with serving(answer) as server:
        settings = {"api_base": server.url, "site": "stackoverflow", "tags": ["ci"], "phrases": list(NAMES)}
        config = Config(settings, network=server.network())
        adapter = all_adapters()["stackexchange"]
        pages, error = _poll(adapter, config, None)
        assert isinstance(error, RateLimited)
        assert {item.external_id for page in pages for item in page.items} >= {"1", "2", "3"}
        before = len(server.seen)
        pages, error = _poll(adapter, config, pages[-1].cursor)
        assert isinstance(error, RateLimited)
        assert "/search" not in {seen.path for seen in server.seen[before:]}


# --- a first import continues until it is complete ------------------------------------------------------------------


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
