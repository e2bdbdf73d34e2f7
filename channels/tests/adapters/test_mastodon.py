"""Mastodon over a loopback socket: pages, bounds, crashes, the quota, and the content of replies."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.adapters.mastodon import Mastodon, client, fetching, posting, wire
from channels.contract import Config, Json, Outgoing
from channels.errors import AuthFailed, RateLimited, Rejected, Uncertain
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ADAPTER = Mastodon()
ME = {"id": "9", "acct": "acme", "username": "acme", "url": "https://social.example/@acme"}
ANN = {"id": "1", "acct": "ann@far.example", "username": "ann", "url": "https://far.example/@ann"}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def status(number: int, text: str = "Acme?", *, at: float | None = None, **more: Any) -> dict[str, Any]:
    made = {"id": str(number), "created_at": iso(at or time.time() - 10_000 + number), "visibility": "public"}
    return {**made, "content": f"<p>{text}</p>", "account": ANN, "in_reply_to_id": None, "language": "de", **more}


class Instance:
    """Serves `statuses` (newest first) as a search; everything else is empty."""

    def __init__(self) -> None:
        self.statuses: list[dict[str, Any]] = []
        self.contexts: dict[str, list[dict[str, Any]]] = {}
        self.left = 250
        self.posted: list[tuple[dict[str, Any], str]] = []
        self.failing: dict[str, Reply] = {}
        self.asked: list[str] = []

    def __call__(self, seen: Seen) -> Reply:
        path = seen.path.removeprefix("/api/")
        self.asked.append(f"{seen.method} {path} {seen.query.get('max_id', '')}".strip())
        if path in self.failing:
            return self.failing[path]
        self.left -= 1
        ends = iso(time.time() + 120)
        return as_json(self.body(seen, path), X_RateLimit_Remaining=str(self.left), X_RateLimit_Reset=ends)

    def body(self, seen: Seen, path: str) -> Json:
        if seen.method == "POST":
            self.posted.append((json.loads(seen.body), seen.headers.get("Idempotency-Key", "")))
            return status(77, account=ME)
        if path == "v2/search":
            below = int(seen.query.get("max_id") or 10**9)
            return {"statuses": [s for s in self.statuses if int(s["id"]) < below][: int(seen.query["limit"])]}
        if path.endswith("/context"):
            return {"ancestors": self.contexts.get(path.split("/")[2], []), "descendants": []}
        if path.startswith("v1/statuses/"):
            return next(s for s in self.statuses if s["id"] == path.rpartition("/")[2])
        if path == "v1/accounts/verify_credentials":
            return ME
        return []


@pytest.fixture
def instance() -> Instance:
    return Instance()


@pytest.fixture
def server(instance: Instance) -> Iterator[Server]:
    with serving(instance) as running:
        yield running


def connection(server: Server, **settings: Any) -> Config:
    given = {"api_base": server.url, "phrases": ["Acme"], **settings}
    return Config(given, {"access_token": "a-token-of-ours"}, ("acme",), network=server.network())


def poll(config: Config, cursor: Json = None, *, pages: int = 10**6) -> tuple[list[str], Json]:
    """Incoming ids and the cursor of the last page; killed after that many pages."""
    found: list[str] = []
    for number, page in enumerate(ADAPTER.fetch(config, cursor), 1):
        found += [item.external_id for item in page.items]
        cursor = page.cursor
        if number == pages:
            break
    return found, cursor


def test_all_pages_are_read_to_the_end_and_nothing_new_is_said_once(instance: Instance, server: Server) -> None:
    instance.statuses = [status(n) for n in range(100, 0, -1)]
    found, cursor = poll(connection(server))
    assert found == [str(n) for n in range(100, 0, -1)]
    instance.asked.clear()
    again, _ = poll(connection(server), cursor)
    assert set(again) <= set(found)
    instance.statuses.insert(0, status(101))
    newer, _ = poll(connection(server), cursor)
    assert newer[0] == "101"


def test_what_a_killed_poll_left_is_read_by_the_next(instance: Instance, server: Server) -> None:
    instance.statuses = [status(n) for n in range(200, 0, -1)]
    config = connection(server)
    first, cursor = poll(config, pages=3)
    instance.statuses = [status(n) for n in range(260, 200, -1)] + instance.statuses
    second, cursor = poll(config, cursor)
    third, _ = poll(config, cursor)
    assert {*first, *second, *third} == {str(n) for n in range(1, 261)}


def test_one_poll_is_bounded_and_the_next_goes_on(
    instance: Instance, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    instance.statuses = [status(n) for n in range(200, 0, -1)]
    found: set[str] = set()
    cursor: Json = None
    for _ in range(6):
        instance.asked.clear()
        new, cursor = poll(connection(server), cursor)
        assert sum("search" in line for line in instance.asked) <= 2
        found |= set(new)
    assert found == {str(n) for n in range(1, 201)}


def test_an_answer_belongs_to_the_first_post_which_is_asked_for_once(instance: Instance, server: Server) -> None:
    instance.statuses = [status(12, in_reply_to_id="11"), status(11, in_reply_to_id="10")]
    instance.contexts = {"12": [status(10), status(11)], "11": [status(10)]}
    config = connection(server)
    pages = list(ADAPTER.fetch(config, None))
    mentions = [ADAPTER.parse(item, config) for page in pages for item in page.items]
    assert {(m.external_id, m.thread_id) for m in mentions if m} == {("12", "10"), ("11", "10")}
    assert sum("context" in line for line in instance.asked) == 2
    poll(config, pages[-1].cursor)
    assert sum("context" in line for line in instance.asked) == 2


def test_a_used_up_quota_ends_the_poll_and_keeps_conversations_waiting(instance: Instance, server: Server) -> None:
    instance.left = client.api.reserve + 1
    config = connection(server)
    pages = list(ADAPTER.fetch(config, None))
    assert (len(pages), pages[0].quota_left) == (1, 0)
    assert pages[0].quota_resets_at is not None
    before = len(instance.asked)
    with pytest.raises(RateLimited) as caught:
        ADAPTER.fetch_thread(config, "10")
    assert len(instance.asked) == before
    assert caught.value.until is not None
    assert caught.value.until > datetime.now(UTC) + timedelta(seconds=60)
    instance.statuses = [status(10)]
    ADAPTER.send(config, Outgoing("k", "Yes", "10", "10"))


def test_what_is_older_than_the_first_look_does_not_come_in(instance: Instance, server: Server) -> None:
    instance.statuses = [status(5), status(4, at=time.time() - 20 * 86_400)]
    assert poll(connection(server))[0] == ["5"]
    assert set(poll(connection(server, backfill_days=30))[0]) == {"5", "4"}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Yes.", "@ann@far.example Yes."),
        ("Yes, @ann@far.example.", "Yes, @ann@far.example."),
        ("Yes, @ANN@far.example", "Yes, @ANN@far.example"),
        ("Not @ann@farther.example", "@ann@far.example Not @ann@farther.example"),
        ("Mail to@ann@far.example", "@ann@far.example Mail to@ann@far.example"),
    ],
)
def test_a_reply_names_its_reader_and_is_as_open_as_the_post(
    instance: Instance, server: Server, text: str, sent: str
) -> None:
    instance.statuses = [status(10, visibility="unlisted")]
    receipt = ADAPTER.send(connection(server), Outgoing("key-1", text, "10", "10"))
    assert receipt.external_id == "77"
    wanted = {"status": sent, "in_reply_to_id": "10", "visibility": "unlisted", "language": "de"}
    assert instance.posted == [(wanted, "key-1")]


def test_nobody_is_named_in_an_answer_to_ourselves(instance: Instance, server: Server) -> None:
    instance.statuses = [status(10, account=ME)]
    ADAPTER.send(connection(server), Outgoing("k", "And more.", "10", "10"))
    assert instance.posted[0][0]["status"] == "And more."


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (as_json({"error": "Validation failed: Text can't be blank"}, 422), Rejected, "can't be blank"),
        (as_json({"error": "The access token was revoked"}, 401), AuthFailed, "access token"),
        (as_json({"error": "This action is outside the authorized scopes"}, 403), AuthFailed, "scopes"),
        (as_json({"error": "This action is not allowed"}, 403), Rejected, "not allowed"),
        (as_json({"error": "Too many requests"}, 429), RateLimited, "Rate limit"),
        (as_json([], 200), Uncertain, "returned no ID"),
        (Reply(500, b"<h1>Oops</h1>"), Uncertain, "cannot tell whether"),
    ],
)
def test_the_error_says_why_a_post_is_refused(
    instance: Instance, server: Server, reply: Reply, error: type[Exception], words: str
) -> None:
    instance.failing["v1/statuses"] = reply
    with pytest.raises(error, match=words):
        ADAPTER.send(connection(server), Outgoing("k", "Version 5"))


def test_an_own_post_is_not_proved_absent_before_the_list_is_read_down(
    instance: Instance, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "OWN_PAGES", 2)
    outgoing, config = Outgoing("k", "Yes", "10", "10"), connection(server)
    instance.failing["v1/accounts/9/statuses"] = as_json([status(50, "No", account=ME)])
    with pytest.raises(Uncertain):
        ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(days=1))
    assert ADAPTER.find_own(config, outgoing, datetime.now(UTC)) is None
    there = status(51, '<span class="h-card"><a href="#" class="mention">@<span>ann</span></a></span> Yes', account=ME)
    instance.failing["v1/accounts/9/statuses"] = as_json([{**there, "in_reply_to_id": "10"}])
    found = ADAPTER.find_own(config, outgoing, datetime.now(UTC))
    assert found is not None
    assert found.external_id == "51"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("plain", 5),
        ("https://acme.example/a/very/long/address/that/counts/23", 23),
        ("@ann@far.example hi", 7),
        ("👩‍👩‍👧 ok", 4),
    ],
)
def test_length_is_counted_as_mastodon_does(text: str, length: int) -> None:
    assert ADAPTER.reply_length(text) == length


def test_ids_of_two_instances_are_kept_apart() -> None:
    one, two = (Config({"api_base": f"https://{host}/"}) for host in ("Social.example", "hachy.example"))
    assert (ADAPTER.namespace(one), ADAPTER.namespace(two)) == ("mastodon:social.example", "mastodon:hachy.example")


def test_a_picture_of_an_unknown_kind_is_a_file() -> None:
    for kind in (["image"], {}, None, "hologram"):
        picture = {"type": kind, "url": "https://far.example/1", "description": "A crash"}
        item = wire.of_status(status(1, media_attachments=[picture]), in_thread=True)
        mention = ADAPTER.parse(item, Config())
        assert mention is not None
        assert mention.text == "Acme?\n\n[File: A crash]"
