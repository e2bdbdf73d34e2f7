"""Bluesky's wire format, its sessions and its refusals, over a real socket."""

import pytest

from sandbox.platforms.bluesky import gate
from sandbox.platforms.bluesky.posts import DESK, POST, did_of
from sandbox.tests.ways import bluesky_session

PLATFORM = "bluesky"

NOTES = "app.bsky.notification.listNotifications"


def create(ask, **record):
    record = {"$type": POST, "createdAt": "2026-11-21T10:00:00.000Z", **record}
    given = {"repo": did_of(DESK), "collection": POST, "record": record}
    return ask("com.atproto.repo.createRecord", "POST", json=given)


def test_session_is_given_for_the_app_password_only_and_prolonged(calm, ask):
    refused = bluesky_session(calm, password="wrong")
    assert (refused.status_code, refused.json()["error"]) == (401, "AuthenticationRequired")
    given = bluesky_session(calm).json()
    longer = ask("com.atproto.server.refreshSession", "POST", json={}, token=given["refreshJwt"]).json()
    assert longer["did"] == did_of(DESK)
    assert ask("com.atproto.server.getSession", token=longer["accessJwt"]).json()["handle"] == DESK
    spent = ask("com.atproto.server.refreshSession", "POST", json={}, token=given["refreshJwt"])
    assert (spent.status_code, spent.json()["error"]) == (400, "ExpiredToken")


def test_missing_and_wrong_token_are_refused_and_limits_are_in_the_headers(ask):
    assert ask(NOTES, token="").json()["error"] == "AuthMissing"
    assert ask(NOTES, token="wrong").json()["error"] == "InvalidToken"
    headers = ask(NOTES).headers
    assert int(headers["ratelimit-remaining"]) < int(headers["ratelimit-limit"]) == gate.LIMIT
    assert headers["ratelimit-reset"].isdecimal()


def test_search_is_paged_by_cursor_newest_first(calm, ask):
    made = [calm.post("bluesky", text=f"paged {n}", author="ann")["id"] for n in range(5)][::-1]
    first = ask("app.bsky.feed.searchPosts", q="paged", limit=3).json()
    assert [post["uri"] for post in first["posts"]] == made[:3]
    second = ask("app.bsky.feed.searchPosts", q="paged", limit=3, cursor=first["cursor"]).json()
    assert [post["uri"] for post in second["posts"]] == made[3:]
    assert "cursor" not in second


def test_notifications_say_why(calm, ask):
    ours = create(ask, text="Hello").json()
    mention = calm.post("bluesky", text="Ask @acme.example", author="bob")["id"]
    reply = calm.post("bluesky", text="Hello you", author="bob", reply_to=ours["uri"])["id"]
    quote = calm.post("bluesky", text="They said it", author="bob", quote=ours["uri"])["id"]
    got = {n["uri"]: n["reason"] for n in ask(NOTES).json()["notifications"]}
    assert (got[mention], got[reply], got[quote]) == ("mention", "reply", "quote")
    assert {n["reason"] for n in ask(NOTES, reasons="quote").json()["notifications"]} == {"quote"}


def test_facets_count_bytes(calm, ask):
    made = calm.post("bluesky", text="🦀ü @acme.example", author="cy")["id"]
    (post,) = ask("app.bsky.feed.getPosts", uris=made).json()["posts"]
    (facet,) = post["record"]["facets"]
    start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
    assert post["record"]["text"].encode()[start:end] == b"@acme.example"
    assert facet["features"][0]["did"] == did_of(DESK)


def test_thread_tells_of_what_is_gone_above(calm, ask):
    root = calm.post("bluesky", text="one", author="dee")["id"]
    child = calm.post("bluesky", text="two", author="dee", reply_to=root)["id"]
    calm.control("delete", platform="bluesky", id=root)
    thread = ask("app.bsky.feed.getPostThread", uri=child).json()["thread"]
    assert thread["parent"]["notFound"] is True
    assert ask("app.bsky.feed.getPostThread", uri=root).json()["error"] == "NotFound"
    assert [p["uri"] for p in ask("app.bsky.feed.getPosts", uris=[root, child]).json()["posts"]] == [child]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"text": "x" * 301}, "300 graphemes"),
        ({"text": "x", "reply": {"root": {}, "parent": {}}}, "root and parent"),
        ({"text": "x", "facets": [{"index": {"byteStart": 0, "byteEnd": 9}, "features": []}]}, "out of bounds"),
    ],
)
def test_refusals_come_as_invalid_request(ask, record, words):
    answer = create(ask, **record)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert words in answer.json()["message"]


def test_what_was_posted_stands_in_the_repository_until_deleted(calm, ask):
    made = create(ask, text="Mine").json()["uri"]
    listed = {"repo": did_of(DESK), "collection": POST}
    assert made in [r["uri"] for r in ask("com.atproto.repo.listRecords", **listed).json()["records"]]
    payload = {**listed, "rkey": made.rpartition("/")[2]}
    assert ask("com.atproto.repo.deleteRecord", "POST", json=payload).json() == {}
    assert made not in [r["uri"] for r in ask("com.atproto.repo.listRecords", **listed).json()["records"]]
    assert [e["deleted"] for e in calm.truth("bluesky")["desk"] if e["id"] == made] == [True]


def test_faults_speak_as_bluesky_does(calm, ask):
    for kind, status, name in (("429", 429, "RateLimitExceeded"), ("expired", 400, "ExpiredToken")):
        calm.control("faults", platform="bluesky", kind=kind, count=1)
        answer = ask(NOTES)
        assert (answer.status_code, answer.json()["error"]) == (status, name)
    assert ask(NOTES).status_code == 200


def test_pages_show_the_conversation_and_take_an_answer(calm, anybody):
    asked = calm.post("bluesky", text="Acme <script>? https://acme.example/x", author="hal")
    data = {"as": "lee", "id": asked["id"], "text": "Sure"}
    anybody.post(f"{calm.http_url}/bluesky/web/reply", data=data, timeout=20)
    page = anybody.get(asked["url"], timeout=20).text
    assert "Sure" in page
    assert 'href="https://acme.example/x"' in page
    assert "<script>" not in page
