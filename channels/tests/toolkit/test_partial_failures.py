"""A pass over the parts of a connection: reported trouble, raised errors, the order; and the next poll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.contract import Json, Page
from channels.errors import AuthFailed, ChannelError, Malformed, RateLimited, Rejected, Transient
from channels.models import Connection, InboundItem
from channels.monitoring.health import connection_health
from channels.polling import polling
from channels.secrets.vault import seal
from channels.tests.factories import NOW, make_connection, page_of
from channels.tests.fake_gitlab import Tracker, issue
from channels.tests.fakes import FakeAdapter
from channels.tests.loopback import Reply, Seen, as_json, serving
from channels.toolkit import partial_failures as parts_module
from channels.toolkit.partial_failures import NotForThis, Parts

Errors = dict[str, ChannelError]
UNTIL = datetime(2030, 1, 1, tzinfo=UTC)


def reading(names: str, errors: Errors, kept: Json = None, **how: Any) -> tuple[list[str], Page | None]:
    """(the parts in the order they were read, the reported trouble)."""
    parts, order = Parts(names, kept, **how), []
    for name in parts:
        with parts.reading(name):
            order.append(name)
            if name in errors:
                raise errors[name]
    pages = list(parts.end({"parts": parts.to_json()}))
    assert len(pages) <= 1
    return order, pages[0] if pages else None


def test_all_is_well_without_a_word() -> None:
    assert reading("abc", {}) == (["a", "b", "c"], None)
    assert reading("", {}) == ([], None)


def test_closed_parts_are_reported_and_broken_ones_are_asked_again_soon() -> None:
    order, page = reading("abcd", {"a": Rejected("Closed."), "c": NotForThis("Private.")})
    assert order == ["a", "b", "c", "d"]
    assert page is not None
    assert (page.trouble, page.again_soon, page.items) == ("a: Closed. c: Private.", False, ())
    for error in (Transient("503."), Malformed("Odd.")):
        _, page = reading("ab", {"b": error})
        assert page is not None
        assert (page.trouble, page.again_soon) == (f"b: {error}", True)


def test_many_are_summed_up() -> None:
    _, page = reading("abcdef", {name: Rejected("No.") for name in "abcde"})
    assert page is not None
    assert page.trouble == "a: No. b: No. c: No. And 2 more."


def test_what_stays_broken_is_asked_at_the_pace_of_the_others() -> None:
    _, page = reading("ab", {"b": Transient("503.")})
    assert page is not None
    since = page.cursor["parts"]["down"]["b"]
    kept = {"down": {"b": since - parts_module.SOON_S, "gone": 5}}
    _, page = reading("ab", {"b": Transient("503.")}, kept)
    assert page is not None
    assert (page.trouble, page.again_soon) == ("b: 503.", False)
    assert page.cursor["parts"]["down"] == {"b": since - parts_module.SOON_S}
    _, page = reading("ab", {}, kept)
    assert page is not None, "its recovery is kept"
    assert (page.trouble, page.cursor["parts"]["down"]) == ("", {})


@pytest.mark.parametrize(
    ("errors", "expected", "words"),
    [
        ({"a": Rejected("No."), "b": Rejected("Gone.")}, Rejected, "a: No. b: Gone."),
        ({"a": Rejected("No."), "b": NotForThis("Private.")}, AuthFailed, "a: No. b: Private."),
        ({"a": NotForThis("Private."), "b": Transient("503.", 17)}, Transient, "b: 503. a: Private."),
        ({"a": Rejected("No."), "b": Malformed("Odd.")}, Malformed, "b: Odd. a: No."),
    ],
)
def test_where_no_part_was_read_the_poll_fails(errors: Errors, expected: type[ChannelError], words: str) -> None:
    with pytest.raises(expected) as caught:
        reading("ab", errors)
    assert (type(caught.value), str(caught.value)) == (expected, words)
    if isinstance(caught.value, Transient):
        assert caught.value.retry_after_s == 17


@pytest.mark.parametrize("error", [RateLimited("Slow down."), AuthFailed("Revoked.")])
def test_what_is_about_all_parts_ends_the_poll_unless_each_is_a_server_of_its_own(error: ChannelError) -> None:
    with pytest.raises(type(error)) as caught:
        reading("ab", {"b": error})
    assert caught.value is error
    order, page = reading("abc", {"b": error}, apart=True)
    assert order == ["a", "b", "c"]
    assert page is not None
    assert (page.trouble, page.again_soon) == (f"b: {error}", False)


def test_where_all_servers_want_a_pause_the_poll_waits_for_the_first() -> None:
    errors: Errors = {"a": RateLimited("Slow.", UNTIL, 90), "b": RateLimited("Slow.", UNTIL + timedelta(days=1), 30)}
    with pytest.raises(RateLimited) as caught:
        reading("ab", errors, apart=True)
    assert (caught.value.until, caught.value.retry_after_s) == (UNTIL, 30)


def test_parts_that_cost_too_much_time_give_way_and_the_next_poll_begins_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(parts_module.time, "monotonic", lambda: clock[0])
    slow, kept = {"a", "b", "c"}, None

    def one_poll() -> tuple[list[str], Page]:
        parts, order = Parts("abcde", kept), []
        for name in parts:
            with parts.reading(name):
                order.append(name)
                clock[0] += 12 if name in slow else 0
                if name in slow:
                    raise Transient("No answer.")
        pages = []
        try:
            pages += [*parts.end({"parts": parts.to_json()})]
        except Transient:
            pages.append(Page((), {"parts": parts.to_json()}))
        return order, pages[0]

    order, page = one_poll()
    assert order == ["a", "b"]
    kept = page.cursor["parts"]
    assert kept["turn"] == "c"
    order, page = one_poll()
    assert order == ["c", "d", "e", "a"]
    assert page.trouble == "c: No answer. a: No answer."


def test_a_poll_that_is_cut_short_begins_where_it_ended() -> None:
    parts = Parts("abc")
    for name in parts:
        with parts.reading(name):
            if name == "b":
                break
    assert reading("abc", {}, parts.to_json())[0] == ["b", "c", "a"]
    assert reading("ac", {}, parts.to_json())[0] == ["a", "c"]


# --- the poll ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_part_that_may_come_back_is_asked_again_after_the_shortest_pause(fake: FakeAdapter) -> None:
    shortest, longest = fake.poll_interval_s
    connection = make_connection(interval_s=longest)
    for is_passing, expected in ((True, shortest), (False, longest)):
        fake.pages = [page_of(cursor=1), Page((), 1, trouble="b: 503.", again_soon=is_passing)]
        assert polling.poll(connection.pk, NOW).error == ""
        connection.refresh_from_db()
        assert connection.next_poll_at is not None
        assert (connection.next_poll_at - NOW).total_seconds() == pytest.approx(expected, abs=20)
        assert (connection.failures, connection.last_error) == (0, "b: 503.")
        assert connection.interval_s == longest


@pytest.mark.django_db
def test_a_soon_again_does_not_overrun_a_quota(fake: FakeAdapter) -> None:
    connection = make_connection(interval_s=600)
    left = Page((), 1, 0, NOW + timedelta(hours=2), trouble="b: 503.", again_soon=True)
    fake.pages = [left]
    polling.poll(connection.pk, NOW)
    connection.refresh_from_db()
    assert connection.next_poll_at == NOW + timedelta(hours=2)


@pytest.mark.django_db
def test_one_broken_project_among_two_from_the_poll_to_the_health(settings: Any) -> None:
    """GitLab as an example: the broken project loses nothing, the other continues, and the trouble is shown
    meanwhile."""
    tracker, broken = Tracker([issue(1, 5)]), [True]

    def answer(seen: Seen) -> Reply:
        if "/groups/" in seen.path:
            return Reply(503, b"<html>") if broken[0] else as_json([issue(7, 10, project_id=6)])
        return tracker(seen)

    with serving(answer) as server:
        settings.ALLOWED_PRIVATE_HOSTS = list(server.network().allowed_private)
        values = {"api_base": f"{server.url}/api/v4", "projects": ["acme/product"], "groups": ["acme/far"]}
        connection = _connected("gitlab", values, {"token": "glpat-1"})
        assert _polled(connection).error == ""
        assert _texts(connection) == {"5#1"}
        assert connection.last_error.startswith("groups/acme/far: ")
        assert connection.failures == 0
        adapter = polling.adapter_for("gitlab")
        assert [health.state for health in connection_health(connection, adapter, NOW)] == ["partly"]
        broken[0] = False
        tracker.issues.append(issue(2, 1))
        assert _polled(connection).error == ""
        assert _texts(connection) == {"5#1", "5#2", "6#7"}
        assert (connection.last_error, connection.trouble) == ("", "")
        broken[0] = True
        tracker.broken_after = 0
        assert "503" in _polled(connection).error
        assert (connection.failures, connection.trouble) == (1, "transient")


def _connected(platform: str, values: dict[str, Any], secrets: dict[str, str]) -> Connection:
    return make_connection(
        platform=platform, settings=values, secrets={name: seal(value) for name, value in secrets.items()}
    )


def _polled(connection: Connection) -> polling.Polled:
    done = polling.poll(connection.pk, datetime.now(UTC))
    connection.refresh_from_db()
    return done


def _texts(connection: Connection) -> set[str]:
    return set(InboundItem.objects.filter(connection=connection).values_list("external_id", flat=True))
