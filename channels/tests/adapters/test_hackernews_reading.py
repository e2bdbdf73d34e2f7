"""Hacker News threads and single items: the same mention in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.hackernews import HackerNews, threads
from channels.contract import Config, Json, Outgoing
from channels.errors import Malformed, Rejected
from channels.tests.fake_hackernews import Search, searching

ADAPTER = HackerNews()
PAYLOADS = Path(__file__).parents[1] / "payloads" / "hackernews"

TREE = json.loads((PAYLOADS / "item_tree.json").read_text())


def _as_firebase(node: dict[str, Any]) -> dict[str, Json]:
    """The pages that Firebase would serve for a tree."""
    kids = [child["id"] for child in node["children"]]
    page: dict[str, Json] = {"id": node["id"], "time": node["created_at_i"], "type": node["type"], "kids": kids}
    if node["author"] is None and node["type"] == "comment":
        page["deleted"] = True
    for ours, theirs in (
        ("author", "by"),
        ("text", "text"),
        ("title", "title"),
        ("url", "url"),
        ("parent_id", "parent"),
    ):
        if node.get(ours):
            page[theirs] = node[ours]
    pages: dict[str, Json] = {f"/v0/item/{node['id']}.json": page}
    for child in node["children"]:
        pages |= _as_firebase(child)
    return pages


def test_a_thread_is_read_in_one_request() -> None:
    search = Search()
    search.pages["/items/48100001"] = TREE
    with searching(search) as (server, config):
        items = ADAPTER.fetch_thread(config, "48100001")
        assert len(server.seen) == 1
    mentions = [ADAPTER.parse(item, config) for item in items]
    assert [m.external_id for m in mentions if m] == ["48100001", "48100003", "48100004", "48100005", "48100006"]
    assert {m.thread_id for m in mentions if m} == {"48100001"}
    assert {m.thread_title for m in mentions if m} == {"Acme 9.0 and the price of CI"}


def test_a_thread_that_is_not_indexed_is_read_item_by_item_and_is_the_same() -> None:
    search = Search()
    search.pages = _as_firebase(TREE)
    with searching(search) as (_, config):
        items = ADAPTER.fetch_thread(config, "48100001")
    tree = {item.external_id: item for item in ADAPTER.split(TREE, config)}
    assert [item.external_id for item in items] == list(tree)
    for item in items:
        assert ADAPTER.fingerprint(item, config) == ADAPTER.fingerprint(tree[item.external_id], config)


def test_a_huge_thread_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "THREAD_REQUESTS", 2)
    search = Search()
    search.pages = _as_firebase(TREE)
    with searching(search) as (_, config):
        items = ADAPTER.fetch_thread(config, "48100001")
    assert [item.external_id for item in items] == ["48100001", "48100003", "48100004"]


def test_a_thread_that_does_not_exist_is_empty() -> None:
    search = Search()
    search.pages["/v0/item/7.json"] = None
    with searching(search) as (_, config):
        assert ADAPTER.fetch_thread(config, "7") == []
        with pytest.raises(Rejected):
            ADAPTER.fetch_thread(config, "../../secrets")


COMMENT = {
    "objectID": "9",
    "author": "u",
    "comment_text": "Acme &#x2F; x",
    "created_at_i": 1,
    "parent_id": 1,
    "story_id": 1,
}


def test_points_and_highlights_are_no_edit_but_a_new_text_is() -> None:
    def mark(**changes: Any) -> bytes:
        (item,) = ADAPTER.split({**COMMENT, **changes}, Config())
        return ADAPTER.fingerprint(item, Config())

    assert mark(points=5, _highlightResult={"x": 1}, updated_at="2026", num_comments=3) == mark()
    assert mark(comment_text="Acme / x") == mark()
    assert mark(comment_text="Acme / y") != mark()


def test_a_comment_of_ours_is_known_by_its_author() -> None:
    (item,) = ADAPTER.split({**COMMENT, "author": "Sam_Acme"}, Config())
    mention = ADAPTER.parse(item, Config(own=frozenset({"sam_acme"})))
    assert mention is not None
    assert mention.is_own


def test_a_reply_is_written_on_the_items_page() -> None:
    assert ADAPTER.reply_url(None, "9", Config()) == "https://news.ycombinator.com/item?id=9"
    assert ADAPTER.reply_url("x", "9", Config({"web_base": "http://h/web/"})) == "http://h/web/item?id=9"


def test_there_is_no_way_to_post() -> None:
    with pytest.raises(Rejected, match="reply on the platform"):
        ADAPTER.send(Config(), Outgoing("k", "text"))


@pytest.mark.parametrize(
    "document", [True, "text", 1.5, {}, {"a": 1}, [[1]], {"hits": [1]}, {"hits": [{}]}, {"error": "x"}]
)
def test_another_shape_is_malformed(document: Json) -> None:
    with pytest.raises(Malformed):
        ADAPTER.split(document, Config())
