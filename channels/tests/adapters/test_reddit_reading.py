"""Parsing Reddit's things: the same post from every endpoint, deletions, URLs, mentioned accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.reddit import Reddit, threads
from channels.contract import Config, Item, Json, Mention
from channels.errors import Malformed, Rejected
from channels.http import oauth
from channels.tests.fake_reddit import Listings, listing
from channels.tests.loopback import as_json

ADAPTER = Reddit()
PAYLOADS = Path(__file__).parents[1] / "payloads" / "reddit"
CONFIG = Config({"phrases": ["Acme"], "subreddits": ["acme"]}, addresses=("acme_desk", "r/devops"))


@pytest.fixture(autouse=True)
def _no_tokens_of_other_tests() -> None:
    oauth._cache.clear()


def _mentions(name: str, config: Config = CONFIG) -> dict[str, Mention]:
    items = ADAPTER.split(json.loads((PAYLOADS / f"{name}.json").read_text()), config)
    return {m.external_id: m for item in items if (m := ADAPTER.parse(item, config))}


def _post(**data: Any) -> Item:
    body = {"kind": "t3", "data": {"name": "t3_1", "id": "1", "title": "Acme", "created_utc": 1.0, **data}}
    (item,) = ADAPTER.split(body, CONFIG)
    return item


def _comment(**data: Any) -> Item:
    body = {
        "kind": "t1",
        "data": {"name": "t1_1", "id": "1", "body": "Acme", "author": "ann", "link_id": "t3_1", **data},
    }
    (item,) = ADAPTER.split(body, CONFIG)
    return item


def _parsed(item: Item) -> Mention:
    mention = ADAPTER.parse(item, Config())
    assert mention is not None
    return mention


def test_gone_says_by_whom() -> None:
    found = {name: mention.extra.get("gone") for name, mention in _mentions("thread").items()}
    assert {name: gone for name, gone in found.items() if gone} == {"t1_n3del": "deleted", "t1_n3rem": "removed"}
    posts = {name: mention.extra["gone"] for name, mention in _mentions("removed_posts", Config()).items()}
    assert posts == {
        "t3_1acme20": "deleted",
        "t3_1acme21": "removed",
        "t3_1acme22": "removed",
        "t3_1acme23": "deleted",
    }


def test_context_is_kept_beside_the_text() -> None:
    comment = _mentions("comments_own_subreddit")["t1_n1aac"]
    assert comment.thread_title == "Acme 19 released"
    assert comment.about_url == "https://about.acme.example/blog/19"
    assert (comment.extra["score"], comment.extra["subreddit"]) == (5, "acme")
    assert _mentions("comments_own_subreddit")["t1_n1aaa"].about_url is None
    top = _mentions("thread")["t1_n3sub"]
    assert (top.thread_id, top.parent_id, top.thread_title) == (
        "t3_1acme01", "t1_n3top", "Moving our pipelines to Acme",
    )  # fmt: skip


def test_a_crosspost_tells_what_it_shows_again() -> None:
    mention = _mentions("crosspost", Config({"phrases": ["pipelines"]}))["t3_1acme30"]
    assert mention.about_url == "https://www.reddit.com/r/devops/comments/1acme01/moving_our_pipelines_to_acme/"
    assert mention.extra["crosspost_of"]["id"] == "t3_1acme01"
    assert mention.extra["crosspost_of"]["text"] == "We are moving to Acme this month."


def test_who_is_called_comes_before_the_subreddit() -> None:
    assert _mentions("mentions_inbox")["t1_n2mmm"].addressed == (
        ("acme_desk", "u/acme_desk"),
        ("r/programming", "programming"),
    )
    assert _mentions("search_all")["t3_1acme01"].addressed == (("r/devops", "devops"),)


def test_the_same_comment_by_listing_inbox_thread_and_old_escaping_has_one_fingerprint() -> None:
    listed = _comment(body="a < b & Acme", body_html="<div><p>a &lt; b</p></div>", parent_id="t3_1", score=4)
    escaped = _comment(body="a &lt; b &amp; Acme", body_html="&lt;div&gt;…", parent_id="t3_1", score=9)
    inbox = _comment(body="a < b & Acme", parent_id="t3_1", subject="username mention", type="username_mention")
    pair: Json = [
        {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": {"name": "t3_1", "title": "T"}}]}},
        {"kind": "Listing", "data": {"children": [{"kind": "t1", "data": listed.payload["data"]}]}},
    ]
    threaded = ADAPTER.split(pair, CONFIG)[1]
    prints = {ADAPTER.fingerprint(item, CONFIG) for item in (listed, escaped, inbox, threaded)}
    assert len(prints) == 1
    assert ADAPTER.fingerprint(_comment(body="edited Acme", parent_id="t3_1"), CONFIG) not in prints


@pytest.mark.parametrize(
    ("data", "url"),
    [
        ({"permalink": "/r/x/comments/1/t/?ref=share"}, "https://www.reddit.com/r/x/comments/1/t/"),
        ({"permalink": "https://www.reddit.com/r/x/comments/1/t"}, "https://www.reddit.com/r/x/comments/1/t/"),
        ({"subreddit": "x"}, "https://www.reddit.com/r/x/comments/1/"),
        ({}, "https://www.reddit.com/comments/1/"),
    ],
)
def test_permalinks_have_one_form(data: dict[str, Any], url: str) -> None:
    assert _parsed(_post(**data)).url == url


@pytest.mark.parametrize(
    ("data", "page"),
    [
        ({"url": "https://x.example/a", "is_self": False}, "https://x.example/a"),
        ({"url": "https://www.reddit.com/r/x/comments/1/t/", "is_self": True}, None),
        ({"url": "https://www.reddit.com/r/x/comments/1/t/"}, None),
        ({"url": "javascript:alert(1)", "is_self": False}, None),
        ({"url": "", "is_self": False}, None),
        ({"url": None}, None),
        ({"url": "http://[odd", "permalink": "http://[odd", "is_self": False}, "http://[odd"),
    ],
)
def test_what_a_post_links_to(data: dict[str, Any], page: str | None) -> None:
    assert _parsed(_post(**data)).about_url == page


@pytest.mark.parametrize("edited", [False, None, True, "soon"])
def test_an_edit_without_a_time_has_none(edited: Json) -> None:
    assert _parsed(_post(edited=edited)).edited_at is None


def test_a_thing_without_a_name_is_kept_as_malformed() -> None:
    document = {"kind": "Listing", "data": {"children": [{"kind": "t1", "data": {"body": "x"}}, {"kind": "t1", "data": {
        "name": "t1_2", "body": "y"}}]}}  # fmt: skip
    first, second = ADAPTER.split(document, CONFIG)
    assert first.external_id.startswith("malformed:")
    with pytest.raises(Malformed, match="neither name nor id"):
        ADAPTER.parse(first, CONFIG)
    assert _parsed(second).external_id == "t1_2"


def test_a_feed_is_refused_in_words() -> None:
    with pytest.raises(Malformed, match="for feeds"):
        list(ADAPTER.documents(b'<?xml version="1.0"?><feed/>', CONFIG))


# --- threads ---------------------------------------------------------------------------------------------------------


def _more(children: list[str], parent: str = "t3_1") -> Json:
    return {"kind": "more", "data": {"children": children, "parent_id": parent, "id": "_", "count": len(children)}}


def _thread(*children: Json) -> Json:
    post = {"kind": "t3", "data": {"name": "t3_1", "id": "1", "title": "T", "url": "https://x.example/"}}
    return [
        {"kind": "Listing", "data": {"children": [post]}},
        {"kind": "Listing", "data": {"children": list(children)}},
    ]


def _said(number: str, parent: str = "t3_1", replies: Json = "") -> Json:
    data = {"name": f"t1_{number}", "id": number, "body": "hm", "author": "x", "parent_id": parent, "link_id": "t3_1"}
    return {"kind": "t1", "data": {**data, "replies": replies}}


def test_hidden_comments_are_asked_for_in_hundreds() -> None:
    fake = Listings()
    hidden = [f"h{n}" for n in range(150)]
    fake.pages["comments/1"] = as_json(_thread(_said("a"), _more(hidden)))
    answers = [_said(h) for h in hidden]
    fake.pages["api/morechildren"] = as_json({"json": {"errors": [], "data": {"things": answers}}})
    with listing(fake) as (server, config):
        items = ADAPTER.fetch_thread(config, "t3_1")
    asked = [s.query["children"].split(",") for s in server.seen if s.path.endswith("morechildren")]
    assert [len(children) for children in asked] == [100, 50]
    assert len(items) == 152
    assert {i.payload["post"]["title"] for i in items if i.payload["kind"] == "t1"} == {"T"}


def test_a_thread_without_end_is_bounded() -> None:
    fake = Listings()
    fake.pages["comments/1"] = as_json(_thread(_said("a"), _more([f"h{n}" for n in range(99_000)])))
    with listing(fake) as (server, config):
        fake.pages["api/morechildren"] = as_json({"json": {"errors": [], "data": {"things": [_said("b")]}}})
        ADAPTER.fetch_thread(config, "1")
        assert len([s for s in server.seen if s.path.endswith("morechildren")]) == threads.REQUESTS


def test_a_branch_that_never_ends_is_asked_for_once() -> None:
    fake = Listings()
    fake.pages["comments/1"] = as_json(_thread(_said("a", replies=_listed(_more([], "t1_a")))))
    with listing(fake) as (server, config):
        assert [item.external_id for item in ADAPTER.fetch_thread(config, "t3_1")] == ["t3_1", "t1_a"]
        assert [s.query.get("comment") for s in server.seen[1:]] == [None, "a"]


def _listed(*children: Json) -> Json:
    return {"kind": "Listing", "data": {"children": list(children)}}


def test_what_names_nothing_counts_in_a_thread() -> None:
    fake = Listings()
    fake.pages["comments/1"] = as_json(_thread(_said("a")))
    with listing(fake, phrases=["Acme"]) as (_, config):
        items = ADAPTER.fetch_thread(config, "t3_1")
        assert [ADAPTER.parse(item, config) is not None for item in items] == [True, True]


@pytest.mark.parametrize("thread", ["t1_1", "", "../r/x", "T3_1"])
def test_only_a_post_has_a_thread(thread: str) -> None:
    with pytest.raises(Rejected, match="not a Reddit post"):
        ADAPTER.fetch_thread(Config(), thread)


def test_lookup_asks_for_a_hundred_at_a_time_and_leaves_out_what_is_no_thing() -> None:
    fake = Listings()
    fake.pages["api/info"] = as_json(_listed(_said("a")))
    with listing(fake) as (server, config):
        ADAPTER.lookup(config, "t3_1", [*(f"t1_{n}" for n in range(130)), "t4_1", "x"])
    asked = [s.query["id"].split(",") for s in server.seen if s.path.endswith("info")]
    assert [len(names) for names in asked] == [100, 30]
