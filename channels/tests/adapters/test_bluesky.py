"""Bluesky over a loopback socket: pages, bounds, crashes, sessions, and the content of replies."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.adapters.bluesky import Bluesky, fetching, posting
from channels.contract import Config, Json, Outgoing
from channels.errors import AuthFailed, RateLimited, Rejected, Uncertain
from channels.http import oauth
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

ADAPTER = Bluesky()
ME = "did:plc:acme"
ANN = {"did": "did:plc:ann", "handle": "ann.example"}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def uri(number: int, did: str = "did:plc:ann") -> str:
    return f"at://{did}/app.bsky.feed.post/3k{number}"


def post(number: int, text: str = "Acme?", *, at: float | None = None, **more: Any) -> dict[str, Any]:
    when = iso(at or time.time() - 10_000 + number)
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": when, "langs": ["de"], **more}
    return {"uri": uri(number), "cid": f"bafy{number}", "author": ANN, "record": record, "indexedAt": when}


def jwt(kind: str, number: int) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": ME, "iat": 0, "exp": 7200}).encode()).decode().rstrip("=")
    return f"{kind}.{claims}.{number}"


class Pds:
    """Serves `posts` (newest first) as a search; notifications are empty."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.made: list[dict[str, Any]] = []
        self.failing: dict[str, list[Reply]] = {}
        self.asked: list[str] = []
        self.sessions = 0
        self.left = 2000

    def __call__(self, seen: Seen) -> Reply:
        method = seen.path.removeprefix("/xrpc/")
        self.asked.append(method)
        if self.failing.get(method):
            return self.failing[method].pop(0)
        self.left -= 1
        return as_json(self.body(seen, method), ratelimit_remaining=str(self.left), ratelimit_reset="4102444800")

    def body(self, seen: Seen, method: str) -> Json:
        if method.startswith("com.atproto.server."):
            self.sessions += 1
            return {"did": ME, "accessJwt": jwt("a", self.sessions), "refreshJwt": jwt("r", self.sessions)}
        if method == "app.bsky.feed.searchPosts":
            start, size = int(seen.query.get("cursor") or 0), int(seen.query["limit"])
            more = {"cursor": str(start + size)} if start + size < len(self.posts) else {}
            return {**more, "posts": self.posts[start : start + size]}
        if method == "app.bsky.feed.getPosts":
            return {"posts": [p for p in self.posts if p["uri"] == seen.query.get("uris")]}
        if method == "com.atproto.identity.resolveHandle":
            return {"did": f"did:plc:{seen.query['handle'].partition('.')[0]}"}
        if method == "com.atproto.repo.createRecord":
            self.made.append(json.loads(seen.body))
            return {"uri": uri(99, ME), "cid": "bafy99"}
        return {"notifications": [], "records": []}


@pytest.fixture
def pds() -> Pds:
    return Pds()


@pytest.fixture
def server(pds: Pds) -> Iterator[Server]:
    oauth._cache.clear()
    with serving(pds) as running:
        yield running


def connection(server: Server, **settings: Any) -> Config:
    given = {"api_base": server.url, "handle": "acme.example", "phrases": ["Acme"], **settings}
    return Config(given, {"app_password": "abcd-efgh"}, ("acme.example",), network=server.network())


def poll(config: Config, cursor: Json = None, *, pages: int = 10**6) -> tuple[list[str], Json]:
    """Incoming URIs and the cursor of the last page; killed after that many pages."""
    found: list[str] = []
    for number, page in enumerate(ADAPTER.fetch(config, cursor), 1):
        found += [item.external_id for item in page.items]
        cursor = page.cursor
        if number == pages:
            break
    return found, cursor


def test_all_pages_are_read_to_the_end(pds: Pds, server: Server) -> None:
    pds.posts = [post(n) for n in range(350, 0, -1)]
    found, cursor = poll(connection(server))
    assert found == [uri(n) for n in range(350, 0, -1)]
    pds.posts.insert(0, post(351))
    newer, _ = poll(connection(server), cursor)
    assert newer[0] == uri(351)
    assert set(newer) <= {*found, uri(351)}


def test_what_a_killed_poll_left_is_read_by_the_next(pds: Pds, server: Server) -> None:
    pds.posts = [post(n) for n in range(500, 0, -1)]
    config = connection(server)
    first, cursor = poll(config, pages=3)
    pds.posts = [post(n) for n in range(560, 500, -1)] + pds.posts
    second, cursor = poll(config, cursor)
    third, _ = poll(config, cursor)
    assert {*first, *second, *third} == {uri(n) for n in range(1, 561)}


def test_one_poll_is_bounded_and_the_next_goes_on(pds: Pds, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    pds.posts = [post(n) for n in range(500, 0, -1)]
    found: set[str] = set()
    cursor: Json = None
    for _ in range(6):
        pds.asked.clear()
        new, cursor = poll(connection(server), cursor)
        assert pds.asked.count("app.bsky.feed.searchPosts") <= 2
        found |= set(new)
    assert found == {uri(n) for n in range(1, 501)}


def test_a_cursor_that_is_refused_ends_the_list_and_not_the_poll(pds: Pds, server: Server) -> None:
    pds.posts = [post(n) for n in range(150, 0, -1)]
    refused = as_json({"error": "InvalidRequest", "message": "cursor too deep"}, 400)
    first = as_json({"posts": pds.posts[:100], "cursor": "100"})
    pds.failing["app.bsky.feed.searchPosts"] = [first, refused]
    found, cursor = poll(connection(server))
    assert len(found) == 100
    assert set(poll(connection(server), cursor)[0]) >= {uri(150)}


def test_a_used_up_quota_ends_the_poll(pds: Pds, server: Server) -> None:
    pds.left = 2
    pages = list(ADAPTER.fetch(connection(server), None))
    assert [page.quota_left for page in pages] == [0]
    assert pages[0].quota_resets_at is not None


def test_a_session_is_begun_once_and_prolonged_when_it_ends(pds: Pds, server: Server) -> None:
    config = connection(server)
    poll(config)
    poll(config)
    assert pds.asked.count("com.atproto.server.createSession") == 1
    expired = as_json({"error": "ExpiredToken", "message": "Token has expired"}, 400)
    pds.failing["app.bsky.feed.searchPosts"] = [expired]
    poll(config)
    assert pds.asked.count("com.atproto.server.createSession") == 1
    assert pds.asked.count("com.atproto.server.refreshSession") == 1
    pds.failing = {"app.bsky.feed.searchPosts": [expired], "com.atproto.server.refreshSession": [expired]}
    poll(config)
    assert pds.asked.count("com.atproto.server.createSession") == 2


def test_a_write_with_an_ended_session_is_sent_once_more(pds: Pds, server: Server) -> None:
    pds.failing["com.atproto.repo.createRecord"] = [as_json({"error": "ExpiredToken", "message": "expired"}, 400)]
    assert ADAPTER.send(connection(server), Outgoing("k", "Version 5")).external_id == uri(99, ME)
    assert len(pds.made) == 1


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (as_json({"error": "AuthenticationRequired", "message": "Invalid"}, 401), AuthFailed, "app password"),
        (as_json({"error": "AuthFactorTokenRequired", "message": "code"}, 401), AuthFailed, "app password"),
        (as_json({"error": "AccountTakedown", "message": "down"}, 401), AuthFailed, "taken this account down"),
        (as_json({"error": "RateLimitExceeded", "message": "slow"}, 429), RateLimited, "limit reached"),
    ],
)
def test_the_error_says_why_no_session_is_given(
    pds: Pds, server: Server, reply: Reply, error: type[Exception], words: str
) -> None:
    pds.failing["com.atproto.server.createSession"] = [reply]
    with pytest.raises(error, match=words) as caught:
        ADAPTER.check(connection(server))
    assert "abcd-efgh" not in str(caught.value)


def test_a_reply_points_at_its_parent_and_at_the_first_post(pds: Pds, server: Server) -> None:
    root = {"uri": uri(1), "cid": "bafy1"}
    pds.posts = [post(5, reply={"root": root, "parent": {"uri": uri(4), "cid": "bafy4"}}), post(1)]
    receipt = ADAPTER.send(connection(server), Outgoing("k", "Yes.", uri(1), uri(5)))
    assert receipt.url == "https://bsky.app/profile/acme.example/post/3k99"
    record = pds.made[0]["record"]
    assert record["reply"] == {"root": root, "parent": {"uri": uri(5), "cid": "bafy5"}}
    assert (record["langs"], pds.made[0]["repo"], pds.made[0]["collection"]) == (["de"], ME, "app.bsky.feed.post")
    ADAPTER.send(connection(server), Outgoing("k", "Yes.", uri(1), uri(1)))
    assert pds.made[1]["record"]["reply"] == {"root": root, "parent": root}


def test_links_names_and_tags_are_facets_in_bytes(pds: Pds, server: Server) -> None:
    text = "Größe 🦀: https://acme.example/x?q=#y, @ann.example. https://acme.example/x?q=#y #Caches me@mail.example"
    ADAPTER.send(connection(server), Outgoing("k", text))
    source = text.encode()
    found = [
        (source[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(), f["features"][0])
        for f in pds.made[0]["record"]["facets"]
    ]
    link = {"$type": "app.bsky.richtext.facet#link", "uri": "https://acme.example/x?q=#y"}
    assert found == [
        ("https://acme.example/x?q=#y", link),
        ("https://acme.example/x?q=#y", link),
        ("@ann.example", {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:ann"}),
        ("#Caches", {"$type": "app.bsky.richtext.facet#tag", "tag": "Caches"}),
    ]


def test_what_is_too_long_is_refused_before_anything_leaves(pds: Pds, server: Server) -> None:
    ADAPTER.send(connection(server), Outgoing("k", "👩‍👩‍👧" * 300))
    with pytest.raises(Rejected, match="301"):
        ADAPTER.send(connection(server), Outgoing("k", "x" * 301))
    assert len(pds.made) == 1


def test_who_is_gone_or_blocks_us_cannot_be_answered(pds: Pds, server: Server) -> None:
    with pytest.raises(Rejected, match="no longer exists"):
        ADAPTER.send(connection(server), Outgoing("k", "Yes", uri(1), uri(1)))
    assert pds.made == []


def test_an_own_post_is_not_proved_absent_before_the_list_is_read_down(
    pds: Pds, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "OWN_PAGES", 2)
    outgoing, config = Outgoing("k", "Yes  indeed", uri(1), uri(1)), connection(server)
    value = post(7, "Yes indeed", reply={"parent": {"uri": uri(2)}})["record"]
    page = {"cursor": "x", "records": [{"uri": uri(7, ME), "cid": "c", "value": value}]}
    pds.failing["com.atproto.repo.listRecords"] = [as_json(page)] * 2
    with pytest.raises(Uncertain):
        ADAPTER.find_own(config, outgoing, datetime.now(UTC) - timedelta(days=1))
    pds.failing["com.atproto.repo.listRecords"] = [as_json(page)]
    assert ADAPTER.find_own(config, outgoing, datetime.now(UTC)) is None
    value["reply"]["parent"]["uri"] = uri(1)
    pds.failing["com.atproto.repo.listRecords"] = [as_json(page)]
    found = ADAPTER.find_own(config, outgoing, datetime.now(UTC))
    assert found is not None
    assert found.external_id == uri(7, ME)
