"""HackerOne against a fake API and the sandbox: every report, none of the team's notes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.adapters.hackerone import HackerOne, fetching
from channels.contract import Config, Item, Json, Mention
from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient
from channels.tests.at_sandbox import config_of
from channels.tests.loopback import Reply, Seen, Server, as_json, serving
from sandbox import launch

ADAPTER = HackerOne()
NOW = datetime.now(UTC).replace(microsecond=0)
BASIC = "Basic YWNtZS1kZXNrOnQwa2Vu"


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def report(number: int, minutes_ago: float, program: str = "acme") -> dict[str, Any]:
    at = iso(NOW - timedelta(minutes=minutes_ago))
    return {
        "id": str(number), "type": "report",
        "attributes": {"title": f"Report {number}", "state": "new", "created_at": at, "last_activity_at": at,
                       "vulnerability_information": "text"},
        "relationships": {"reporter": {"data": {"id": "7", "type": "user", "attributes": {"username": "rick"}}},
                          "program": {"data": {"id": "1", "type": "program", "attributes": {"handle": program}}}},
    }  # fmt: skip


def activity(number: int, text: str | None, who: str = "7", kind: str = "comment", **more: Any) -> dict[str, Any]:
    return {
        "id": str(number), "type": f"activity-{kind}",
        "attributes": {"message": text, "created_at": iso(NOW), "updated_at": iso(NOW), "internal": False, **more},
        "relationships": {"actor": {"data": {"id": who, "type": "user", "attributes": {"username": f"user{who}"}}}},
    }  # fmt: skip


@dataclass
class Programs:
    """Pages by number and `links.next`; `before` is called before each list is returned."""

    reports: list[dict[str, Any]] = field(default_factory=list)
    activities: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    before: Callable[[Programs, int], None] = lambda programs, number: None
    broken_after: int | None = None
    gone: set[str] = field(default_factory=set)
    asked: int = 0

    def __call__(self, seen: Seen) -> Reply:
        if seen.headers.get("Authorization") != BASIC:
            return as_json({"errors": [{"status": 401, "title": "Unauthorized"}]}, 401)
        if seen.path == "/v1/reports":
            return self._list(seen)
        number = seen.path.rpartition("/")[2]
        one = next((r for r in self.reports if r["id"] == number and number not in self.gone), None)
        if one is None:
            return as_json({"errors": [{"status": 404, "title": "Not Found"}]}, 404)
        whole = {**one["relationships"], "activities": {"data": self.activities.get(number, [])}}
        return as_json({"data": {**one, "relationships": whole}})

    def _list(self, seen: Seen) -> Reply:
        self.asked += 1
        if self.broken_after is not None and self.asked > self.broken_after:
            return Reply(503, b"<html>")
        self.before(self, self.asked)
        program = seen.query["filter[program][]"]
        if program == "strange":
            return as_json({"data": {"errors": [{"status": 403, "title": "Forbidden"}]}})
        active = lambda r: datetime.fromisoformat(r["attributes"]["last_activity_at"])  # noqa: E731
        since = datetime.fromisoformat(seen.query.get("filter[last_activity_at__gt]", "2000-01-01T00:00:00Z"))
        found = [r for r in self.reports if r["relationships"]["program"]["data"]["attributes"]["handle"] == program]
        found = sorted((r for r in found if active(r) > since), key=lambda r: (active(r), int(r["id"])))
        page, size = int(seen.query.get("page[number]", 1)), int(seen.query["page[size]"])
        links = {"next": f"https://elsewhere.example/v1/reports?page%5Bnumber%5D={page + 1}"}
        return as_json(
            {"data": found[(page - 1) * size : page * size], "links": links if page * size < len(found) else {}}
        )


def connection(server: Server, **settings: Any) -> Config:
    values = {"api_base": f"{server.url}/v1", "api_identifier": "acme-desk", "programs": ["Acme"], **settings}
    return Config(values, {"api_token": "t0ken"}, ("acme",), frozenset({"acme"}), server.network())


def poll(config: Config, cursor: Json, into: dict[str, Mention]) -> tuple[Json, ChannelError | None]:
    """The last stored cursor, and the error."""
    pages = ADAPTER.fetch(config, cursor)
    while True:
        try:
            page = next(pages)
        except StopIteration:
            return cursor, None
        except ChannelError as error:
            return cursor, error
        into |= read(config, list(page.items))
        cursor = json.loads(json.dumps(page.cursor))


def read(config: Config, items: list[Item]) -> dict[str, Mention]:
    return {item.external_id: m for item in items if (m := ADAPTER.parse(item, config)) is not None}


def test_all_reports_are_read_and_a_second_poll_reads_only_the_overlap() -> None:
    programs, seen, again = Programs([report(n, 2000 - n) for n in range(1, 71)]), {}, dict[str, Mention]()
    with serving(programs) as server:
        cursor, error = poll(connection(server), None, seen)
        assert error is None
        assert poll(connection(server), cursor, again) == (cursor, None)
    assert set(seen) == {str(n) for n in range(1, 71)}
    assert set(again) == {"69", "70"}


def test_a_report_that_moves_while_we_read_hides_none() -> None:
    def touch(programs: Programs, number: int) -> None:
        if number == 2:
            for moved in programs.reports[:10]:
                moved["attributes"]["last_activity_at"] = iso(NOW)

    seen: dict[str, Mention] = {}
    with serving(Programs([report(n, 2000 - n) for n in range(1, 71)], before=touch)) as server:
        poll(connection(server), None, seen)
    assert set(seen) == {str(n) for n in range(1, 71)}


def test_more_reports_of_one_instant_than_a_page_holds_are_read() -> None:
    seen: dict[str, Mention] = {}
    with serving(Programs([*[report(n, 60) for n in range(1, 61)], report(99, 1)])) as server:
        poll(connection(server), None, seen)
    assert len(seen) == 61


def test_a_break_in_the_middle_loses_nothing_and_a_bound_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAGES_A_POLL", 3)
    programs, seen = Programs([report(n, 2000 - 5 * n) for n in range(1, 151)], broken_after=2), dict[str, Mention]()
    with serving(programs) as server:
        cursor, error = poll(connection(server), None, seen)
        assert isinstance(error, Transient)
        assert 40 < len(seen) < 60
        programs.broken_after = None
        cursor, error = poll(connection(server), cursor, seen)
        assert 100 < len(seen) < 150
        poll(connection(server), cursor, seen)
    assert set(seen) == {str(n) for n in range(1, 151)}


def test_the_teams_notes_are_not_even_stored_and_the_team_is_known() -> None:
    activities = [
        activity(5, None, "9", "bug-resolved"),
        activity(4, "Yes.", "7"),
        activity(3, "Which version?", "9", "bug-needs-more-info"),
        activity(2, "looks real", "9", internal=True),
        activity(1, "We have it.", "8"),
    ]
    seen: dict[str, Mention] = {}
    with serving(Programs([report(1, 5)], {"1": activities})) as server:
        config = connection(server)
        poll(config, None, seen)
        items = ADAPTER.fetch_thread(config, "1")
        assert ADAPTER.fetch_thread(config, "404") == []
    assert [item.external_id for item in items] == ["1", *(f"activity-{n}" for n in (5, 4, 3, 1))]
    assert "looks real" not in str([item.payload for item in items])
    assert {name for name, m in seen.items() if m.is_own} == {"activity-1", "activity-3", "activity-5"}
    assert {name for name, m in seen.items() if m.is_auto} == {"activity-5"}
    assert seen["activity-5"].text == "State changed to resolved"
    assert seen["activity-4"].addressed == (("acme",),)


def test_an_answer_is_written_at_the_report() -> None:
    url = "https://hackerone.com/reports/1#activity-4"
    assert ADAPTER.reply_url(url, "activity-4", Config()) == "https://hackerone.com/reports/1"
    assert ADAPTER.reply_url(None, "1", Config()) == "https://hackerone.com/reports/1"


def test_a_state_change_is_news_but_no_edit() -> None:
    config = Config()
    before, after = report(1, 5), report(1, 5)
    after["attributes"]["state"] = "triaged"
    (old,), (new,) = (ADAPTER.split({"data": [r]}, config) for r in (before, after))
    assert ADAPTER.fingerprint(old, config) != ADAPTER.fingerprint(new, config)
    mention, earlier = ADAPTER.parse(new, config), ADAPTER.parse(old, config)
    assert mention is not None
    assert earlier is not None
    assert (mention.text, mention.edited_at) == (earlier.text, None)
    assert mention is not None
    assert mention.extra["state"] == "triaged"
    after["attributes"]["vulnerability_information"] = "other"
    assert ADAPTER.fingerprint(ADAPTER.split({"data": [after]}, config)[0], config) != ADAPTER.fingerprint(old, config)


def test_a_program_that_cannot_be_read_does_not_keep_the_others_from_being_read() -> None:
    seen: dict[str, Mention] = {}
    with serving(Programs([report(1, 5)])) as server:
        config = connection(server, programs=["strange", "acme"])
        *_, last = list(ADAPTER.fetch(config, None))
        assert last.trouble.startswith("strange: HackerOne refuses the API token (")
        _, error = poll(config, None, seen)
        assert error is None
        _, error = poll(connection(server, programs=["strange"]), None, {})
        assert isinstance(error, AuthFailed)
        asked = len(server.seen)
        _, error = poll(connection(server, programs=["acme", "acme-labs"], api_identifier="other"), None, {})
        assert isinstance(error, AuthFailed)
        assert len(server.seen) == asked + 1, "a refused token is not tried at every program"
    assert set(seen) == {"1"}


def test_a_report_that_is_only_in_the_list_is_read_from_it() -> None:
    seen: dict[str, Mention] = {}
    with serving(Programs([report(1, 5)], gone={"1"})) as server:
        poll(connection(server), None, seen)
    assert set(seen) == {"1"}


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthFailed), (404, Rejected), (429, RateLimited), (500, Transient)]
)
def test_an_error_under_data_is_no_empty_list(status: int, error: type[Exception]) -> None:
    body = {"data": {"errors": [{"status": status, "title": "They say why"}]}}
    with serving(lambda seen: as_json(body)) as server, pytest.raises(error, match="They say why"):
        list(ADAPTER.fetch(connection(server), None))


def test_the_connection_test_names_the_programs() -> None:
    with serving(Programs([report(1, 5)])) as server:
        said = ADAPTER.check(connection(server, programs=["acme", "acme-labs"]))
        assert said == "Connected: acme (has reports), acme-labs (no reports)."
        with pytest.raises(AuthFailed, match="the identifier and the token"):
            ADAPTER.check(connection(server, api_identifier="other"))
        with pytest.raises(Rejected, match="no programs"):
            ADAPTER.check(connection(server, programs=[" "]))


# --- the sandbox -------------------------------------------------------------------------------------------------


def test_what_is_reported_is_read_and_the_teams_answer_comes_back(sandbox: launch.Running) -> None:
    own = sandbox.access()["hackerone"]["channels"]
    config = config_of("hackerone", sandbox, addresses=None, own=own, read_timeout_s=5)
    asked = sandbox.post("hackerone", text="1. look\n2. see", to="acme-labs", author="rick")["id"]
    for _ in range(3):
        sandbox.post("hackerone")
    sandbox.post("hackerone", text="only us", reply_to=asked, author="nadia", internal=True)
    seen: dict[str, Mention] = {}
    _, error = poll(config, None, seen)
    assert error is None
    expected = {entry["id"]: entry["text"] for entry in sandbox.truth("hackerone")["mentions"]}
    assert {name: mention.text for name, mention in seen.items()} == expected
    assert seen[asked].addressed == (("acme-labs",),)

    answered = sandbox.control("answer", platform="hackerone", id=asked, **{"as": "nadia"}, text="Thank you!")["id"]
    again = sandbox.post("hackerone", text="Any news?", reply_to=asked, author="rick")["id"]
    solved = sandbox.post("hackerone", text="", reply_to=asked, author="nadia", state="resolved")["id"]
    thread = read(config, ADAPTER.fetch_thread(config, asked))
    assert set(thread) == {asked, answered, again, solved}
    assert [thread[n].is_own for n in (asked, answered, again, solved)] == [False, True, False, True]
    assert (thread[solved].text, thread[solved].is_auto) == ("State changed to resolved", True)
    assert thread[asked].extra["state"] == "resolved"
    sandbox.control("faults", platform="hackerone", kind="expired", count=1)
    with pytest.raises(AuthFailed):
        ADAPTER.check(config)
