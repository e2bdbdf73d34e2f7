"""Reading Twitter against a fake API: several handles, bounds, interruptions, quotas."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from channels.adapters.twitter import Twitter, fetching
from channels.adapters.twitter.times import snowflake_time
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient
from channels.tests.fake_twitter import NOT_FOUND, Api, ago, api, connection
from channels.tests.loopback import Reply, Seen, as_json, serving

ADAPTER = Twitter()


def poll(config: Config, cursor: Json, into: set[str]) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        into |= {item.external_id for item in page.items}
        cursor = json.loads(json.dumps(page.cursor))
    return cursor


def poll_until_it_breaks(config: Config, cursor: Json, into: set[str]) -> tuple[Json, ChannelError | None]:
    pages = ADAPTER.fetch(config, cursor)
    while True:
        try:
            page = next(pages)
        except StopIteration:
            return cursor, None
        except ChannelError as error:
            return cursor, error
        into |= {item.external_id for item in page.items}
        cursor = page.cursor


def test_every_handle_and_the_search_are_read_and_then_only_what_is_new() -> None:
    with api() as (fake, server, _):
        config = connection(server, search_query="acme -is:retweet")
        older = {fake.add("7003", ago(9000 + n * 600)) for n in range(5)}
        a, b = fake.add("7003", ago(5000)), fake.add("7004", ago(4000))
        c, seen = fake.add("acme -is:retweet", ago(3000)), set[str]()
        cursor = poll(config, None, seen)
        assert seen == {a, b, c, *older}
        asked = server.seen[0]
        assert asked.headers["Authorization"] == "Bearer bearer-of-the-app"
        assert "note_tweet" in asked.query["tweet.fields"]
        assert "referenced_tweets.id.author_id" in asked.query["expansions"]
        d, more = fake.add("7004", ago(1)), set[str]()
        poll(config, cursor, more)
        assert more == {a, b, c, d}  # the newest of each list is repeated: polls overlap


def test_a_tweet_that_is_indexed_late_is_still_found() -> None:
    with api() as (fake, _, config):
        first, seen = fake.add("7003", ago(30)), set[str]()
        cursor = poll(config, None, seen)
        late = fake.add("7003", ago(60))
        cursor = poll(config, cursor, seen)
        assert seen == {first, late}
        assert poll(config, cursor, seen) == cursor


def test_a_search_never_asks_for_more_than_a_week() -> None:
    with api() as (_, server, _):
        poll(connection(server, handles=(), search_query="acme"), None, set())
        oldest, now = snowflake_time(server.seen[0].query["since_id"]), snowflake_time(str(ago(0)))
    assert oldest is not None
    assert now is not None
    assert timedelta(days=6, hours=23) < now - oldest < timedelta(days=7)


def test_a_gap_that_is_too_old_to_be_searched_is_given_up() -> None:
    old = {"high": ago(30 * 86_400), "islands": [[ago(3 * 86_400), ago(60)], [ago(9 * 86_400), ago(8 * 86_400)]]}
    with api() as (fake, server, _):
        inside, seen = fake.add("acme", ago(4 * 86_400)), set[str]()
        config = connection(server, handles=(), search_query="acme")
        cursor = poll(config, {"sources": {"search:acme": old}}, seen)
        for request in server.seen:
            assert int(request.query["since_id"]) > ago(7 * 86_400)
            assert int(request.query.get("until_id", ago(0))) > int(request.query["since_id"])
    assert seen == {inside}
    assert cursor["sources"]["search:acme"]["islands"] == []


def test_a_corrected_account_number_counts_at_once() -> None:
    with api() as (fake, _, config):
        fake.add("7003", ago(9))
        seen: set[str] = set()
        poll(config, {"ids": {"acme": "1"}}, seen)
        assert len(seen) == 1


def test_a_long_backfill_follows_tokens_and_is_filled_by_later_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 5)
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 3)
    with api() as (fake, server, _):
        config, seen = connection(server, handles=("acme",)), set[str]()
        old = {fake.add("7003", ago(90_000 + n * 600)) for n in range(60)}
        cursor = poll(config, None, seen)
        assert len(seen) == 15
        assert server.seen[1].query["pagination_token"].startswith("below-")
        high = cursor["sources"]["@acme"]["high"]
        new = fake.add("7003", ago(1))
        for _ in range(8):
            cursor = poll(config, cursor, seen)
            assert new in seen
            if cursor["sources"]["@acme"]["islands"]:
                assert cursor["sources"]["@acme"]["high"] == high
    assert seen == {*old, new}
    assert cursor["sources"]["@acme"] == {"high": int(new), "islands": []}


def test_a_break_between_pages_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    with api() as (fake, _, config):
        wanted = {fake.add(who, ago(90_000 + n * 600, n)) for who in ("7003", "7004") for n in range(18)}
        seen: set[str] = set()
        cursor: Json = None
        broken = 0
        for good in (2, 0, 1, 3, 4):
            fake.broken_after = good
            cursor, error = poll_until_it_breaks(config, cursor, seen)
            broken += isinstance(error, Transient)
        assert broken >= 3  # once one handle is read to its end, only the other one fails
        fake.broken_after = None
        cursor = poll(config, cursor, seen)
        poll(config, cursor, seen)
    assert seen == wanted


def test_a_page_tells_the_quota_and_a_spent_one_ends_the_poll() -> None:
    with api() as (fake, server, config):
        fake.add("7003", ago(10))
        fake.left = 1
        pages = list(ADAPTER.fetch(config, None))
        assert len(pages) == len(server.seen) == 1
        assert pages[0].quota_left == 0
        assert pages[0].quota_resets_at is not None


def test_a_handle_that_does_not_exist_does_not_stop_the_others() -> None:
    def answer(seen: Seen) -> Reply:
        if "/7003/" in seen.path:
            kind = "https://api.twitter.com/2/problems/not-authorized-for-resource"
            return as_json({"errors": [{"title": "Authorization Error", "detail": "suspended", "type": kind}]})
        return as_json({"data": [{"id": str(ago(9)), "text": "@acmestatus hi"}], "meta": {"result_count": 1}})

    with serving(answer) as server:
        *_, last = pages = list(ADAPTER.fetch(connection(server), None))
    assert sum(len(page.items) for page in pages) == 1
    assert last.trouble.startswith("@acme: ")
    assert "suspended" in last.trouble
    assert last.cursor["sources"]["@acme"]["high"] < last.cursor["sources"]["@acmestatus"]["high"]


def test_a_number_that_leads_nowhere_is_reported_and_looked_up_again() -> None:
    gone = {"value": "1", "detail": "Could not find user with id: [1].", "title": "Not Found Error",
            "resource_type": "user", "parameter": "id", "resource_id": "1", "type": NOT_FOUND}  # fmt: skip
    fake, seen = Api(), set[str]()
    fake.add("7003", ago(9))

    def answer(request: Seen) -> Reply:
        return as_json({"errors": [gone]}) if "/users/1/" in request.path else fake.answer(request)

    with serving(answer) as server:
        config = connection(server, handles=("acmestatus", "someacme"))
        *_, last = list(ADAPTER.fetch(config, {"ids": {"someacme": "1"}}))
        assert last.trouble.startswith("@someacme: ")
        assert "Could not find user" in last.trouble
        poll(config, last.cursor, seen)
    assert len(seen) == 1


def test_a_refused_token_fails_the_poll_after_one_request_for_each_list() -> None:
    with serving(lambda seen: as_json({"title": "Unauthorized", "status": 401}, 401)) as server:
        with pytest.raises(AuthFailed):
            list(ADAPTER.fetch(connection(server), None))
        assert len(server.seen) == 2


def test_the_account_number_is_looked_up_once_and_kept_in_the_cursor() -> None:
    with api() as (fake, server, _):
        fake.add("7003", ago(9))
        config = connection(server, handles=("someacme",))
        seen: set[str] = set()
        poll(config, poll(config, None, seen), seen)
        assert [s.path for s in server.seen].count("/2/users/by/username/someacme") == 1
        assert len(seen) == 1


def test_no_token_and_nothing_to_read_are_errors() -> None:
    with pytest.raises(AuthFailed, match="no bearer token"):
        list(ADAPTER.fetch(Config(addresses=("acme",), channel_settings={"acme": {"user_id": "1"}}), None))
    with pytest.raises(Rejected, match="neither a handle nor a search"):
        list(ADAPTER.fetch(Config(), None))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unsupported-authentication", AuthFailed),
        ("client-forbidden", AuthFailed),
        ("usage-capped", RateLimited),
        ("operational-disconnect", Transient),
        ("invalid-request", Rejected),
    ],
)
def test_an_error_inside_a_200_means_what_it_says(kind: str, expected: type[ChannelError]) -> None:
    body = {"errors": [{"title": "T", "detail": "why", "type": f"https://api.twitter.com/2/problems/{kind}"}]}
    with serving(lambda seen: as_json(body)) as server, pytest.raises(expected, match="why") as caught:
        list(ADAPTER.fetch(connection(server), None))
    assert type(caught.value) is expected


@pytest.mark.parametrize("status", [200, 403])
def test_an_error_that_quotes_our_token_does_not_show_it(status: int) -> None:
    kind = "https://api.twitter.com/2/problems/not-authorized-for-resource"
    error = {"title": "T", "detail": "sent bearer-of-the-app", "type": kind}
    body = {"errors": [error]} if status == 200 else error
    with serving(lambda seen: as_json(body, status)) as server, pytest.raises(Rejected, match="sent") as caught:
        list(ADAPTER.fetch(connection(server), None))
    assert "bearer-of-the-app" not in str(caught.value)
