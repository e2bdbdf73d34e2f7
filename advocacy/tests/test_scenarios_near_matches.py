"""Near matches of a search: they are stored and judged, make no ticket, cost no further request, still join a
conversation they belong to, and are judged again if a search for them is added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from advocacy.tests import scenario
from advocacy.tests.browser import new_word
from channels.http import client
from channels.models import Connection, InboundItem
from channels.registry.finding_adapters import all_adapters
from mentions.models import Ticket
from sandbox.platforms.reddit import gate

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(120)

SEARCHED: dict[str, dict[str, Any]] = {
    "bluesky": {},
    "hackernews": {"title": "Poetry"},
    "mastodon": {},
    "reddit": {"to": "devops", "title": "Poetry"},
    "stackexchange": {"title": "Which poets?", "tags": "poetry"},
}
"""Platforms whose search finds more than the phrase; fields of a post."""
STREAMS = {"chatlog", "feed", "lobsters", "youtube"}
"""Platforms where we read everything, and keep only what names a phrase."""
BELOW = {"reddit": f"Hey u/{gate.DESK}, "}
"""How somebody who answers it names us where the search doesn't find answers."""
searched = pytest.mark.parametrize("platform", SEARCHED)
State = InboundItem.State


@pytest.fixture
def near(desk, platform) -> str:
    """The id of a post by a poet: found, but not about us."""
    Connection.objects.filter(name="Hacker News front page").update(is_active=False)
    text = f"The acmeist poets and their {new_word()}."
    made = desk.outside.post(platform, text=text, author="poet", **SEARCHED[platform])
    desk.poll(platform)
    return str(made["id"])


def stored(external_id: str) -> InboundItem:
    return InboundItem.objects.select_related("connection").get(external_id__endswith=external_id)


def test_every_platform_with_phrases_is_searched_or_a_stream():
    with_phrases = {p for p, adapter in all_adapters().items() if any(f.name == "phrases" for f in adapter.fields)}
    assert with_phrases == SEARCHED.keys() | STREAMS


@searched
def test_what_is_not_for_us_is_kept_and_judged_and_makes_no_ticket(desk, near):
    item = stored(near)
    assert (item.state, item.ignored_why, item.role) == (State.IGNORED, "", "mention")
    assert item.parsed_at is not None
    assert item.payload
    assert not desk.has(item.external_id)


@searched
def test_it_is_read_again_without_a_write_or_a_further_request(desk, platform, near, monkeypatch):
    before, asked = (stored(near).revision, stored(near).fetched_at), requests_of(monkeypatch)
    assert desk.poll(platform) == 0
    assert {address: count for address, count in asked.items() if count > 1} == {}
    assert not [address for address in asked if "context" in address]
    item = stored(near)
    assert (item.revision, item.fetched_at, item.state) == (*before, State.IGNORED)


@pytest.mark.parametrize("platform", sorted(SEARCHED.keys() - {"stackexchange"}))  # nothing below a question comes in
def test_it_is_context_of_what_is_said_below_it_and_stays_that(desk, platform, near):
    word = new_word()
    desk.next_second()
    text = BELOW.get(platform, "") + f"Acme can {word}."
    desk.outside.post(platform, text=text, author="asker", reply_to=near)
    follow(desk, platform)
    ticket = Ticket.objects.get(messages__text__contains=word)
    settled = stored(near)
    assert (settled.state, settled.role) == (State.STORED, "thread")
    assert desk.is_context(settled.external_id)
    for _ in range(2):
        follow(desk, platform)
    assert stored(near).revision == settled.revision
    assert not desk.has(settled.external_id)
    assert Ticket.objects.get(messages__text__contains=word) == ticket


@searched
def test_a_phrase_that_is_added_later_judges_it_again(desk, platform, near):
    connection = stored(near).connection
    connection.settings = {**connection.settings, "phrases": [*connection.settings["phrases"], "acmeist"]}
    connection.save()
    desk.poll(platform)
    assert desk.ticket(stored(near).external_id).status == "new"


def follow(desk, platform: str) -> None:
    """Every way in which the desk reads."""
    desk.poll(platform)
    desk.read_threads()


def requests_of(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """By URL, as they are sent."""
    asked: Counter[str] = Counter()
    exchange: Callable[..., Any] = client._exchange

    def count(network: Any, call: Any) -> Any:
        asked[f"{call.method} {call.url} {call.params} {call.form}"] += 1
        return exchange(network, call)

    monkeypatch.setattr(client, "_exchange", count)
    return asked
