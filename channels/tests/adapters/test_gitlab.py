"""GitLab against a fake API: nothing is lost between pages, and nothing confidential goes where it must not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.adapters.gitlab import fetching
from channels.contract import Config, Mention
from channels.errors import AuthFailed, Rejected, Transient
from channels.tests.fake_gitlab import (
    ADAPTER,
    ME,
    NOW,
    RESETS_AT,
    Tracker,
    connection,
    iso,
    issue,
    note,
    poll,
    poll_until_it_breaks,
)
from channels.tests.loopback import Reply, Seen, as_json, serving


def test_all_pages_are_read_and_a_second_poll_reads_only_the_overlap() -> None:
    tracker, seen, again = Tracker([issue(n, 2000 - n) for n in range(1, 131)]), {}, {}
    with serving(tracker) as server:
        config = connection(server)
        cursor = poll(config, None, seen)
        assert set(seen) == {f"5#{n}" for n in range(1, 131)}
        assert poll(config, cursor, again) == cursor
    assert set(again) == {"5#128", "5#129", "5#130"}


def test_an_issue_that_moves_while_we_read_hides_none() -> None:
    def touch(tracker: Tracker, number: int) -> None:
        if number == 2:  # after the first page was read, its issues move to the end and all numbered pages shift
            for moved in tracker.issues[:20]:
                moved["updated_at"] = iso(NOW)

    tracker, seen = Tracker([issue(n, 2000 - n) for n in range(1, 121)], before=touch), {}
    with serving(tracker) as server:
        poll(connection(server), None, seen)
    assert set(seen) == {f"5#{n}" for n in range(1, 121)}


def test_more_issues_of_one_instant_than_a_page_holds_are_read_by_link() -> None:
    tracker, seen = Tracker([*[issue(n, 60) for n in range(1, 121)], issue(200, 5)]), {}
    with serving(tracker) as server:
        poll(connection(server), None, seen)
    assert len(seen) == 121


def test_a_break_in_the_middle_loses_nothing() -> None:
    tracker, seen = Tracker([issue(n, 2000 - n) for n in range(1, 181)]), {}
    with serving(tracker) as server:
        config = connection(server)
        tracker.broken_after = 2
        cursor, error = poll_until_it_breaks(config, None, seen)
        assert isinstance(error, Transient)
        assert len(seen) == 99  # two pages that share the issue at their seam
        tracker.broken_after = None
        poll(config, cursor, seen)
    assert set(seen) == {f"5#{n}" for n in range(1, 181)}


def test_a_long_backfill_is_bounded_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 2)
    tracker, seen, cursor = Tracker([issue(n, 5000 - 10 * n) for n in range(1, 171)]), {}, None
    with serving(tracker) as server:
        cursor = poll(connection(server), cursor, seen)
        assert 50 < len(seen) < 120
        poll(connection(server), cursor, seen)
    assert set(seen) == {f"5#{n}" for n in range(1, 171)}


def test_notes_come_with_their_issue_and_without_what_a_machine_wrote() -> None:
    notes = [note(1, 5, "one"), note(2, 5, "closed", system=True), note(3, 5, "ours", author=ME)]
    tracker, seen = Tracker([issue(1, 5, user_notes_count=3)], {1: notes}), {}
    with serving(tracker) as server:
        poll(connection(server), None, seen)
        (page,) = ADAPTER.fetch(connection(server), None)
        assert (page.quota_left, page.quota_resets_at) == (7, RESETS_AT)
        silent: dict[str, Mention] = {}
        poll(connection(server, include_notes=False), None, silent)
    assert set(seen) == {"5#1", "5#1#note_1", "5#1#note_3"}
    assert [seen["5#1#note_1"].is_own, seen["5#1#note_3"].is_own] == [False, True]
    assert seen["5#1#note_1"].thread_title == "Issue 1"
    assert seen["5#1#note_1"].addressed[0] == ("acme/product",)
    assert seen["5#1"].addressed == (("acme/product",), ("acme",))
    assert set(silent) == {"5#1"}


def test_many_notes_are_read_down_to_what_is_known() -> None:
    notes = [note(n, n / 100) for n in range(1, 251)]
    tracker, seen = Tracker([issue(1, 1, user_notes_count=250)], {1: notes}), {}
    with serving(tracker) as server:
        poll(connection(server), None, seen)
    assert len(seen) == 251


def test_a_project_that_is_gone_does_not_keep_the_others_from_being_read() -> None:
    tracker, seen = Tracker([issue(1, 5)]), {}
    with serving(tracker) as server:
        config = connection(server, projects=["acme/gone", "acme/product"])
        *_, last = list(ADAPTER.fetch(config, None))
        assert last.trouble.startswith("projects/acme/gone: GitLab cannot find it")
        assert last.trouble.endswith("Check this connection's projects and groups.")
        poll(config, None, seen)
        with pytest.raises(Rejected, match="projects/acme/gone"):
            poll(connection(server, projects=["acme/gone"]), None, {})
    assert set(seen) == {"5#1"}


@pytest.mark.parametrize(("status", "soon"), [(403, False), (502, True)])
def test_a_group_that_is_closed_or_broken_loses_nothing_until_it_is_back(status: int, soon: bool) -> None:
    tracker, seen, is_back = Tracker([issue(1, 5)]), dict[str, Mention](), False

    def answer(request: Seen) -> Reply:
        if not request.path.startswith("/api/v4/groups/"):
            return tracker(request)
        late = issue(7, 10, project_id=6)
        return as_json([late]) if is_back else as_json({"message": "403 Forbidden"}, status)

    with serving(answer) as server:
        config = connection(server, groups=["acme/far"])
        *_, last = list(ADAPTER.fetch(config, None))
        assert last.trouble.startswith("groups/acme/far: ")
        assert last.again_soon is soon
        is_back, first = True, last.cursor["sources"]["groups/acme%2Ffar"]
        assert first < iso(NOW - timedelta(days=13)), "from where its reading will begin, whenever that is"
        cursor = poll(config, last.cursor, seen)
    assert "6#7" in seen
    assert cursor["sources"]["groups/acme%2Ffar"] > first


def test_a_refused_token_ends_the_poll_at_once() -> None:
    with serving(lambda request: as_json({"message": "401 Unauthorized"}, 401)) as server:
        with pytest.raises(AuthFailed):
            poll(connection(server, groups=["acme/far"]), None, {})
        assert len(server.seen) == 1


# --- what is confidential ----------------------------------------------------------------------------------------

SECRET = issue(2, 4, confidential=True, user_notes_count=1)
PUBLIC = issue(1, 5, user_notes_count=2)
NOTES = {1: [note(1, 5), note(2, 4, "among us", internal=True)], 2: [note(3, 4, "still secret", noteable_iid=2)]}
CLOSED = ("acme/product", "acme/product!confidential")


@pytest.mark.parametrize(("wanted", "addresses"), [(False, CLOSED), (True, ("acme/product",))])
def test_nothing_confidential_is_even_stored_without_the_right_and_its_channel(
    wanted: bool, addresses: tuple[str, ...]
) -> None:
    seen: dict[str, Mention] = {}
    with serving(Tracker([PUBLIC, SECRET], NOTES)) as server:
        poll(connection(server, confidential=wanted, addresses=addresses), None, seen)
        if not wanted:
            assert server.seen[0].query["confidential"] == "false"
    assert set(seen) == {"5#1", "5#1#note_1"}


def test_with_both_it_goes_to_its_channel_alone_and_into_no_public_conversation() -> None:
    seen: dict[str, Mention] = {}
    with serving(Tracker([PUBLIC, SECRET], NOTES)) as server:
        config = connection(server, confidential=True, addresses=CLOSED)
        poll(config, None, seen)
        public = {item.external_id for item in ADAPTER.fetch_thread(config, "5#1")}
        internal = {item.external_id for item in ADAPTER.fetch_thread(config, "5#1!internal")}
        secret = {item.external_id for item in ADAPTER.fetch_thread(config, "5#2!confidential")}
        assert ADAPTER.fetch_thread(config, "5#2") == []
    closed = {"5#1!internal#note_2", "5#2!confidential", "5#2!confidential#note_3"}
    assert set(seen) == closed | {"5#1", "5#1#note_1"}
    assert {seen[name].addressed for name in closed} == {(("acme/product!confidential",),)}
    assert public == {"5#1", "5#1#note_1"}
    assert internal == {"5#1!internal#note_2"}
    assert secret == {"5#2!confidential", "5#2!confidential#note_3"}


# --- threads -----------------------------------------------------------------------------------------------------


def test_what_is_gone_is_reported_and_what_cannot_be_known_is_not() -> None:
    with serving(Tracker([issue(1, 5)], {1: [note(1, 5)]})) as server:
        config = connection(server)
        found = ADAPTER.lookup(config, "5#1", ["5#1#note_1", "5#1#note_9", "5#4", "6#1", "note_3"])
        gone = {item.external_id: ADAPTER.parse(item, config) for item in found}
        assert ADAPTER.fetch_thread(config, "5#4") == []
    assert set(gone) == {"5#1#note_9", "5#4"}
    assert all(mention and mention.is_deleted for mention in gone.values())


def test_no_issue_is_no_thread() -> None:
    with pytest.raises(Rejected, match="not a GitLab issue"):
        ADAPTER.fetch_thread(Config(), "t3_abc")
