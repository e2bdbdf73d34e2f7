"""Facebook against a fake Graph API: late comments under old posts, long conversations, interruptions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.adapters.facebook import client, fetching
from channels.contract import Mention
from channels.errors import AuthFailed, RateLimited, Rejected, Transient
from channels.http.client import Answer
from channels.tests.fake_facebook import (
    ADAPTER,
    LENA,
    NOW,
    PAGE,
    US,
    Graph,
    comment,
    connection,
    message,
    poll,
    poll_until_it_breaks,
    post,
)
from channels.tests.loopback import Reply, Seen, as_json, serving

DAY = 24 * 60


def test_comments_visitors_posts_and_messages_come_and_our_own_posts_do_not() -> None:
    graph = Graph(
        [post(2, 10, who=LENA), post(1, 60, 5)],
        {f"{PAGE}_1": [comment(1, 12, 5, 11, US), comment(1, 11, 8)]},
        {"27": [message(2, 3, "Of course", US), message(1, 4)]},
    )
    seen: dict[str, Mention] = {}
    with serving(graph) as server:
        config = connection(server)
        cursor = poll(config, None, seen)
        again: dict[str, Mention] = {}
        poll(config, cursor, again)
        first = next(iter(ADAPTER.fetch(config, None)))
    assert set(seen) == {f"{PAGE}_2", "1_11", "1_12", "m_1", "m_2"}
    assert {name for name, mention in seen.items() if mention.is_own} == {"1_12", "m_2"}
    assert again.keys() <= seen.keys()
    assert first.quota_left == 70


def test_a_private_message_and_a_comment_of_one_person_are_two_conversations() -> None:
    graph = Graph([post(1, 60, 5)], {f"{PAGE}_1": [comment(1, 11, 8)]}, {"27": [message(1, 4)]})
    seen: dict[str, Mention] = {}
    with serving(graph) as server:
        poll(connection(server), None, seen)
    assert (seen["m_1"].thread_id, seen["1_11"].thread_id) == ("conversation:27", "1_11")
    assert seen["m_1"].extra["kind"] == "private message"
    assert seen["1_11"].thread_title == "Post 1"


def test_a_late_comment_under_an_old_post_is_seen() -> None:
    graph, seen = Graph([post(n, n * DAY) for n in range(1, 29)]), dict[str, Mention]()
    with serving(graph) as server:
        cursor = poll(connection(server), None, seen)
        assert not seen
        graph.posts[-1]["updated_time"] = NOW.strftime("%Y-%m-%dT%H:%M:%S+0000")
        graph.comments[f"{PAGE}_28"] = [comment(28, 99, 0)]
        poll(connection(server), cursor, seen)
    assert set(seen) == {"28_99"}


def test_nested_lists_are_read_to_their_end_or_to_what_is_known() -> None:
    graph = Graph(
        [post(1, 60, 0)],
        {f"{PAGE}_1": [comment(1, 1000 - n, n) for n in range(1, 301)]},
        {"27": [message(1000 - n, n) for n in range(1, 301)]},
        nested=5,
    )
    seen: dict[str, Mention] = {}
    with serving(graph) as server:
        cursor = poll(connection(server), None, seen)
        assert len(seen) == 600
        requests = len(server.seen)
        again: dict[str, Mention] = {}
        poll(connection(server), cursor, again)
        assert len(server.seen) - requests <= 4
    assert 0 < len(again) < 300


def test_a_break_in_the_middle_goes_on_where_it_was_and_loses_nothing() -> None:
    graph = Graph([post(n, n, who=LENA) for n in range(1, 131)])
    seen: dict[str, Mention] = {}
    with serving(graph) as server:
        config = connection(server, read_messages=False)
        graph.broken_after = 2
        cursor, error = poll_until_it_breaks(config, None, seen)
        assert isinstance(error, Transient)
        assert len(seen) == 50
        assert cursor["lists"]["feed"]["since"] < NOW.timestamp() * 1000 - 13 * 86_400_000
        graph.posts.insert(0, post(500, 0, who=LENA))  # on top, while we are further down
        graph.broken_after = None
        cursor = poll(config, cursor, seen)
        poll(config, cursor, seen)
    assert set(seen) == {f"{PAGE}_{n}" for n in (*range(1, 131), 500)}


def test_a_long_feed_is_bounded_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    graph, seen, cursor = Graph([post(n, n, who=LENA) for n in range(1, 131)]), dict[str, Mention](), None
    with serving(graph) as server:
        config = connection(server, read_messages=False)
        for expected in (50, 100, 130):
            cursor = poll(config, cursor, seen)
            assert len(seen) == expected
    assert cursor["lists"]["feed"].keys() == {"since"}


def test_a_place_that_facebook_has_forgotten_begins_anew() -> None:
    graph, seen = Graph([post(n, n, who=LENA) for n in range(1, 60)]), dict[str, Mention]()
    stale = {"feed": {"since": None, "began": 1_700_000_000_000, "next": {"after": "forgotten"}}}

    def answer(request: Seen) -> Reply:
        if request.query.get("after") == "forgotten":
            return as_json({"error": {"message": "(#100) Invalid cursors values", "code": 100}}, 400)
        return graph(request)

    with serving(answer) as server:
        cursor = poll(connection(server, read_messages=False), stale, seen)
    assert len(seen) == 59
    assert cursor["lists"]["feed"]["since"] >= int(NOW.timestamp() * 1000)


def test_a_feed_ends_where_nothing_is_watched_any_more() -> None:
    graph = Graph([post(n, n * DAY, who=LENA) for n in range(1, 201)])
    with serving(graph) as server:
        poll(connection(server, read_messages=False), None, {})
        assert len(server.seen) == 3


def test_the_token_in_a_link_and_its_host_are_not_used() -> None:
    with serving(Graph([post(n, n, who=LENA) for n in range(1, 60)])) as server:
        poll(connection(server, read_messages=False), None, {})
        assert len(server.seen) == 3
        assert not any("EAA" in str(s.query) for s in server.seen)


def test_a_missing_right_to_messages_does_not_keep_comments_from_being_read() -> None:
    graph = Graph([post(1, 5, who=LENA)], without_messages=True)
    seen: dict[str, Mention] = {}
    with serving(graph) as server:
        *_, last = ADAPTER.fetch(connection(server), None)
        assert "pages_messaging" in last.trouble
        _, error = poll_until_it_breaks(connection(server), None, seen)
        assert (set(seen), error) == ({f"{PAGE}_1"}, None)
        poll(connection(server, read_messages=False), None, seen)


# --- threads -----------------------------------------------------------------------------------------------------


def test_each_kind_of_thread_is_read_as_a_whole() -> None:
    graph = Graph(
        [post(2, 10, who=LENA), post(1, 9000)],
        {
            f"{PAGE}_1": [comment(1, 12, 5, 11, US), comment(1, 11, 8), comment(1, 10, 9)],
            f"{PAGE}_2": [comment(2, 21, 1)],
        },
        {"27": [message(2, 3, "Of course", US), message(1, 90_000)], "28": [message(9, 1, who={"id": "28"})]},
    )
    with serving(graph) as server:
        config = connection(server)
        threads = {t: {i.external_id for i in ADAPTER.fetch_thread(config, t)} for t in
                   ("1_11", f"{PAGE}_2", "conversation:27", "1_99")}  # fmt: skip
        gone = ADAPTER.lookup(config, "1_11", ["1_12", "1_77", f"{PAGE}_99"])
        mentions = [ADAPTER.parse(item, config) for item in gone]
        assert ADAPTER.lookup(config, "conversation:27", ["m_5"]) == []
    assert threads == {
        "1_11": {"1_11", "1_12"},
        f"{PAGE}_2": {f"{PAGE}_2", "2_21"},
        "conversation:27": {"m_1", "m_2"},
        "1_99": set(),
    }
    assert [(m.external_id, m.parent_id, m.is_deleted) for m in mentions if m] == [
        ("1_77", "1_11", True),
        (f"{PAGE}_99", None, True),
    ]


# --- errors and limits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "sub", "status", "error", "words"),
    [
        (190, 463, 401, AuthFailed, "it has expired"),
        (190, 460, 401, AuthFailed, "password"),
        (190, 0, 400, AuthFailed, "They say why"),
        (4, 0, 403, RateLimited, "Rate limit"),
        (17, 0, 400, RateLimited, "Rate limit"),
        (32, 0, 403, RateLimited, "Rate limit"),
        (613, 0, 400, RateLimited, "Rate limit"),
        (10, 0, 403, AuthFailed, "lacks a permission"),
        (200, 0, 403, AuthFailed, "lacks a permission"),
        (368, 0, 400, AuthFailed, "blocked this action"),
        (100, 0, 400, Rejected, "They say why"),
        (2, 0, 500, Transient, "internal problem"),
    ],
)
def test_an_error_means_what_its_code_says(
    code: int, sub: int, status: int, error: type[Exception], words: str
) -> None:
    body = {"error": {"message": "They say why.", "type": "OAuthException", "code": code, "error_subcode": sub}}
    with serving(lambda seen: as_json(body, status)) as server, pytest.raises(error, match=words):
        list(ADAPTER.fetch(connection(server), None))


def test_usage_is_that_of_the_limit_that_is_used_most() -> None:
    business = '{"340000000000001":[{"type":"pages","call_count":95,"estimated_time_to_regain_access":20}]}'
    answer = Answer(200, {"X-App-Usage": '{"call_count":10}', "X-Business-Use-Case-Usage": business}, {})
    left, resets_at = client.quota(answer, NOW)
    assert left == 5
    assert resets_at is not None
    assert (resets_at - NOW).total_seconds() == 1200
    assert client.quota(Answer(200, {"X-App-Usage": "nonsense"}, {}), NOW) == (None, None)
    assert client.quota(Answer(200, {"X-App-Usage": '{"call_count":130}'}, {}), NOW)[0] == 0


def test_the_token_must_be_the_pages_own() -> None:
    with serving(lambda seen: as_json({"id": "9", "name": "Sam"})) as server, pytest.raises(AuthFailed, match="Sam"):
        ADAPTER.check(connection(server))


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        ({"is_valid": True, "expires_at": 0, "data_access_expires_at": 0}, None),
        ({"is_valid": True, "expires_at": 0, "data_access_expires_at": 1_900_000_000}, 1_900_000_000),
        ({"is_valid": True, "expires_at": 1_800_000_000, "data_access_expires_at": 1_900_000_000}, 1_800_000_000),
    ],
)
def test_the_end_of_a_token_is_the_earlier_of_both(data: dict[str, int], ends: int | None) -> None:
    with serving(lambda seen: as_json({"data": data})) as server:
        found = ADAPTER.token_expires_at(connection(server, app_id="900"))
        assert server.seen[0].query["access_token"] == "900|app-5ecret"
    assert found == (datetime.fromtimestamp(ends, UTC) if ends else None)


def test_a_token_that_is_over_says_so() -> None:
    with serving(lambda seen: as_json({"data": {"is_valid": False}})) as server, pytest.raises(AuthFailed):
        ADAPTER.token_expires_at(connection(server))
