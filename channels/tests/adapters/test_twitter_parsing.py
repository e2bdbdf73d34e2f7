"""One tweet in every format: the fields the desk relies on besides those that `inspect_payload` prints."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.twitter import Twitter
from channels.adapters.twitter.times import created_at, snowflake_at, snowflake_time
from channels.contract import Config, Json, Mention
from channels.errors import Malformed

ADAPTER = Twitter()
PAYLOADS = Path(__file__).parents[1] / "payloads" / "twitter"
CONFIG = Config(addresses=("acme", "acmesupport"), channel_settings={"acme": {"user_id": "7003"}})


def read(tweet: dict[str, Any], config: Config = CONFIG, **document: Any) -> Mention:
    (item,) = ADAPTER.split({"data": {"id": "2051225317405622273", "text": "", **tweet}, **document}, config)
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    return mention


def sample(name: str) -> list[Mention]:
    items = ADAPTER.split(json.loads((PAYLOADS / f"{name}.json").read_text()), CONFIG)
    return [m for m in (ADAPTER.parse(item, CONFIG) for item in items) if m]


def test_an_edited_tweet_is_one_tweet_with_its_later_numbers_as_aliases() -> None:
    (mention,) = sample("edited_root")
    assert len(mention.aliases) == 2
    assert mention.reply_to_id == mention.aliases[-1]
    assert mention.external_id == mention.thread_id < mention.aliases[0] < mention.aliases[1]
    assert mention.thread_keys == mention.aliases[::-1]
    (item,) = ADAPTER.split(json.loads((PAYLOADS / "edited_root.json").read_text()), CONFIG)
    assert item.external_id == mention.external_id


def test_handles_are_read_from_entities_or_from_the_text() -> None:
    assert sample("mentions_page")[2].addressed == (("acme", "acmesupport"),)
    assert read({"text": "ありがとう@Acme!mail me@acmesupport.example or @AcmeSupport:"}).addressed == (
        ("acme", "acmesupport"),
    )
    assert read({"text": "no name"}).addressed == ()


def test_a_tweet_of_ours_belongs_to_its_own_handle_first() -> None:
    (mention,) = sample("own_answer")
    assert mention.is_own
    assert mention.addressed[0] == ("acme",)


@pytest.mark.parametrize(
    ("config", "own"),
    [
        (Config(), False),
        (Config(addresses=("acme",)), True),
        (Config(own=frozenset({"7003"})), True),
        (Config(own=frozenset({"acme"})), True),
        (Config(channel_settings={"x": {"user_id": "7003"}}), True),
        (Config(channel_settings={"x": {"user_id": 7003}}), True),
    ],
)
def test_ours_is_known_by_number_or_name(config: Config, own: bool) -> None:
    users = [{"id": "7003", "username": "Acme", "name": "Acme"}]
    assert read({"author_id": "7003"}, config, includes={"users": users}).is_own is own


def test_pictures_likes_and_quotes_are_shown_beside_the_text() -> None:
    quote, _, first = sample("mentions_page")
    assert first.extra["likes"] == 3
    assert first.extra["media"] == [
        {"type": "photo", "url": "https://pbs.twimg.com/media/Acme1.jpg", "alt": "A dialog"}
    ]
    assert quote.extra["quoted_id"] == first.external_id
    assert first.language == "en"


@pytest.mark.parametrize("code", ["und", "qme", "zxx", None, 5])
def test_no_language_is_no_language(code: Json) -> None:
    assert read({"lang": code}).language is None


def test_text_is_unescaped_once() -> None:
    assert read({"text": "&amp;lt; &lt;b&gt; AT&amp;T &copy; &amp;amp;"}).text == "&lt; <b> AT&T &copy; &amp;"


def test_a_link_is_expanded_wherever_its_offsets_point() -> None:
    urls = [{"start": 0, "end": 3, "url": "https://t.co/abc", "expanded_url": "https://x.example/?a=1&b=2"}]
    mention = read({"text": "&amp;&amp; https://t.co/abc https://t.co/abcd", "entities": {"urls": urls}})
    assert mention.text == "&& https://x.example/?a=1&b=2 https://t.co/abcd"
    assert mention.links == ("https://x.example/?a=1&b=2",)


def test_only_the_wording_and_its_versions_make_an_edit() -> None:
    def mark(**changes: Any) -> bytes:
        tweet = {"id": "2051225317405622273", "text": "@acme hi", "author_id": "1", **changes}
        (item,) = ADAPTER.split({"data": tweet}, CONFIG)
        return ADAPTER.fingerprint(item, CONFIG)

    assert mark(public_metrics={"like_count": 9}, context_annotations=[1]) == mark()
    assert mark(text="@acme ho") != mark()
    assert mark(edit_history_tweet_ids=["2051225317405622273", "2051225317405622275"]) != mark()
    assert mark(referenced_tweets=[{"type": "retweeted", "id": "1"}]) == mark(
        referenced_tweets=[{"type": "retweeted", "id": "2"}], text="RT"
    )


def test_the_deletion_of_a_tweet_is_another_state_of_it() -> None:
    kept, gone = (ADAPTER.split(d, CONFIG)[0] for d in (
        {"data": {"id": "2051225317405622273", "text": "x"}},
        {"delete": {"status": {"id": 2051225317405622273, "user_id": 1}}},
    ))  # fmt: skip
    assert kept.external_id == gone.external_id
    assert ADAPTER.fingerprint(kept, CONFIG) != ADAPTER.fingerprint(gone, CONFIG)


def test_a_tweet_without_a_number_is_kept_as_unreadable() -> None:
    (item,) = ADAPTER.split([{"id": "none", "text": "@acme", "author_id": "1"}], CONFIG)
    assert item.external_id.startswith("malformed:")
    with pytest.raises(Malformed, match="no id"):
        ADAPTER.parse(item, CONFIG)


def test_numbers_tell_the_time() -> None:
    at = datetime(2026, 5, 4, 9, 0, 0, 250_000, UTC)
    assert snowflake_time(str(snowflake_at(at.timestamp()))) == at
    for old in ("1", "29700859246", "9" * 25):
        assert snowflake_time(old) is None
    assert snowflake_at(0) == 0


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-05-04T09:00:00.250Z", datetime(2026, 5, 4, 9, 0, 0, 250_000, UTC)),
        ("2026-05-04T11:00:00+02:00", datetime(2026, 5, 4, 9, tzinfo=UTC)),
        ("Mon May 04 09:00:00 +0000 2026", datetime(2026, 5, 4, 9, tzinfo=UTC)),
        ("Mon May 04 09:00:00 2026", None),
        ("Mon Foo 04 09:00:00 +0000 2026", None),
        ("2026", None),
        ("", None),
        (5, None),
    ],
)
def test_times_are_read_as_either_api_writes_them(value: Json, at: datetime | None) -> None:
    assert created_at({"created_at": value}) == at


def test_private_messages_are_no_mentions() -> None:
    message = {"id": "1", "text": "psst", "event_type": "MessageCreate", "dm_conversation_id": "1-2"}
    old = {"id": 1, "text": "psst", "sender_id": 1, "recipient_id": 2, "recipient": {}, "sender": {}}
    assert ADAPTER.split({"data": [message], "meta": {"result_count": 1}}, CONFIG) == []
    assert ADAPTER.split([old], CONFIG) == []


STRANGE = [None, 1, "x", True, {}, {"a": 1}, [[1]], {"title": "T", "detail": "d"}, {"error": "x"}]


@pytest.mark.parametrize("document", STRANGE)
def test_another_shape_is_malformed(document: Json) -> None:
    with pytest.raises(Malformed):
        ADAPTER.split(document, CONFIG)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"data":[]}\n{"da', b"[" * 100_000, b"hello\nworld"])
def test_what_is_no_json_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(ADAPTER.documents(data, CONFIG))
