"""Replies on Reddit: errors in a 200, proof that a reply is absent, the account's identity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from channels.adapters.reddit import Reddit, posting
from channels.contract import Config, Json, Outgoing
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Uncertain
from channels.http import oauth
from channels.tests.fake_reddit import Listings, listing
from channels.tests.loopback import Reply, as_json

ADAPTER = Reddit()
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OUTGOING = Outgoing("k", "Thanks,\n\nSam", thread_id="t3_1", in_reply_to="t1_2")
COMMENT = "api/comment"


@pytest.fixture(autouse=True)
def _no_tokens_of_other_tests() -> None:
    oauth._cache.clear()


def _thing(**data: Any) -> Json:
    return {"json": {"errors": [], "data": {"things": [{"kind": "t1", "data": data}]}}}


def _refusing(code: str, sentence: str = "", **more: Any) -> Json:
    return {"json": {"errors": [[code, sentence, "parent"]], **more}}


def test_a_reply_is_sent_under_what_it_answers_with_the_persons_own_token() -> None:
    fake = Listings()
    fake.pages[COMMENT] = as_json(
        _thing(name="t1_9", id="9", permalink="/r/x/comments/1/t/9/", created_utc=1777885200.0)
    )
    with listing(fake) as (server, config):
        receipt = ADAPTER.send(config, OUTGOING)
    token, sent = server.seen
    assert b"refresh-of-sam" in token.body
    assert parse_qs(sent.body.decode()) == {"api_type": ["json"], "thing_id": ["t1_2"], "text": ["Thanks,\n\nSam"]}
    assert receipt.external_id == "t1_9"
    assert receipt.url == "https://www.reddit.com/r/x/comments/1/t/9/"
    assert receipt.posted_at == datetime(2026, 5, 4, 9, tzinfo=UTC)


def test_without_an_own_token_nothing_is_sent() -> None:
    with listing(Listings()) as (server, config):
        bare = Config(config.settings, config.secrets, network=config.network)
        for verb in (
            lambda: ADAPTER.send(bare, OUTGOING),
            lambda: ADAPTER.find_own(bare, OUTGOING, NOW),
            lambda: ADAPTER.delete(bare, "t1_9"),
            lambda: ADAPTER.current_account(bare),
        ):
            with pytest.raises(AuthFailed, match="own page"):
                verb()
        assert server.seen == []


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("THREAD_LOCKED", Rejected, "locked this thread"),
        ("DELETED_COMMENT", Rejected, "comment was deleted"),
        ("DELETED_LINK", Rejected, "post was deleted"),
        ("TOO_OLD", Rejected, "archived"),
        ("TOO_LONG", Rejected, "too long"),
        ("BANNED_FROM_SUBREDDIT", Rejected, "banned"),
        ("A_CODE_OF_TOMORROW", Rejected, "A_CODE_OF_TOMORROW"),
        ("USER_REQUIRED", AuthFailed, "may not reply"),
        ("SOMETHING_IS_BROKEN", Uncertain, "cannot tell whether"),
    ],
)
def test_errors_in_a_200_are_typed_and_explained(code: str, kind: type[ChannelError], words: str) -> None:
    fake = Listings()
    fake.pages[COMMENT] = as_json(_refusing(code, "that is how it is"))
    with listing(fake) as (_, config), pytest.raises(kind) as caught:
        ADAPTER.send(config, OUTGOING)
    assert words in str(caught.value)
    assert "that is how it is" in str(caught.value)


@pytest.mark.parametrize(
    ("sentence", "ratelimit", "wait_s"),
    [
        ("Take a break for 9 minutes before trying again.", 540.0, 540.0),
        ("Take a break for 9 minutes before trying again.", None, 600.0),
        ("Take a break for 1 second before trying again.", None, 2.0),
        ("Take a break for 30 hours", None, 3600.0),
        ("probeer het later", None, 600.0),
    ],
)
def test_a_pause_is_waited_for(sentence: str, ratelimit: float | None, wait_s: float) -> None:
    body = _refusing("RATELIMIT", sentence, **({"ratelimit": ratelimit} if ratelimit else {}))
    error = posting.refusal(body, NOW)
    assert isinstance(error, RateLimited)
    assert (error.retry_after_s, error.until) == (wait_s, NOW + timedelta(seconds=wait_s))


@pytest.mark.parametrize("body", [{}, {"json": {"errors": [], "data": {"things": []}}}, _thing(author="sam")])
def test_an_answer_without_an_id_is_uncertain(body: Json) -> None:
    fake = Listings()
    fake.pages[COMMENT] = as_json(body)
    with listing(fake) as (_, config), pytest.raises(Uncertain):
        ADAPTER.send(config, OUTGOING)


def test_a_broken_answer_to_a_post_is_uncertain_and_not_repeated() -> None:
    fake = Listings()
    fake.pages[COMMENT] = Reply(503, b"upstream")
    with listing(fake) as (server, config), pytest.raises(Uncertain):
        ADAPTER.send(config, OUTGOING)
    assert len([s for s in server.seen if s.method == "POST" and s.path.endswith(COMMENT)]) == 1


def test_a_revoked_token_is_fetched_anew_before_anything_is_posted() -> None:
    fake = Listings()
    fake.pages[COMMENT] = as_json(_thing(name="t1_9"))
    fake.refused_tokens = {"token-0001"}
    with listing(fake) as (_, config):
        assert ADAPTER.send(config, OUTGOING).external_id == "t1_9"
    assert fake.tokens == 2


def test_too_long_a_reply_never_leaves() -> None:
    with listing(Listings()) as (server, config), pytest.raises(Rejected, match="10001 characters"):
        ADAPTER.send(config, Outgoing("k", "x" * 10_001, in_reply_to="t1_2"))
    assert server.seen == []


def _mine(fake: Listings, count: int, text: str = "Something else") -> None:
    fake.pages["api/v1/me"] = as_json({"name": "Sam", "id": "1"})
    for n in range(count):
        fake.add("user/Sam/comments", f"m{n}", int(NOW.timestamp()) + 1000 - n, text, parent_id="t1_2")


def test_our_own_reply_is_found_whatever_became_of_its_spaces() -> None:
    fake = Listings()
    _mine(fake, 120)
    fake.add("user/Sam/comments", "same", int(NOW.timestamp()) + 1, "Thanks,\n\n  Sam \n", parent_id="t1_2")
    fake.add("user/Sam/comments", "else", int(NOW.timestamp()) + 2, "Thanks,\n\nSam", parent_id="t1_other")
    with listing(fake) as (_, config):
        receipt = ADAPTER.find_own(config, OUTGOING, NOW)
    assert receipt is not None
    assert receipt.external_id == "t1_same"


def test_absence_is_proved_by_reading_down_to_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Listings()
    _mine(fake, 120)
    with listing(fake) as (server, config):
        assert ADAPTER.find_own(config, OUTGOING, NOW) is None
        assert ADAPTER.find_own(config, OUTGOING, NOW + timedelta(hours=1)) is None
        pages = [s for s in server.seen if s.path.endswith("comments")]
        assert [s.query.get("after") for s in pages] == [None, "t1_m99", None]
        monkeypatch.setattr(posting, "OWN_PAGES", 1)
        with pytest.raises(Uncertain, match="too much"):
            ADAPTER.find_own(config, OUTGOING, NOW)


def test_deleting_what_is_gone_is_fine_and_what_is_not_ours_is_refused() -> None:
    fake = Listings()
    fake.pages["api/v1/me"] = as_json({"name": "Sam"})
    fake.pages["api/del"] = as_json({})

    def shows(*authors: str) -> None:
        things = [{"kind": "t1", "data": {"name": "t1_9", "author": author}} for author in authors]
        fake.pages["api/info"] = as_json({"kind": "Listing", "data": {"children": things}})

    with listing(fake) as (server, config):
        for authors in ((), ("[deleted]",)):
            shows(*authors)
            ADAPTER.delete(config, "t1_9")
        shows("somebody")
        with pytest.raises(Rejected, match="u/somebody"):
            ADAPTER.delete(config, "t1_9")
        assert not [s for s in server.seen if s.path.endswith("del")]
        shows("sam")
        ADAPTER.delete(config, "t1_9")
        (deleted,) = [s for s in server.seen if s.path.endswith("del")]
    assert deleted.body == b"id=t1_9"


def test_whose_account_it_is() -> None:
    fake = Listings()
    fake.pages["api/v1/me"] = as_json({"name": "Sam"})
    with listing(fake) as (_, config):
        author = ADAPTER.current_account(config)
    assert (author.id, author.url) == ("Sam", "https://www.reddit.com/user/Sam/")
