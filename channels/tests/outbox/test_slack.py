from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from channels.errors import Uncertain
from channels.http import deadlines
from channels.models import OutboundItem
from channels.outbox import outbox, slack_posts
from channels.slack import api
from channels.tests import loopback
from channels.tests.factories import NOW
from channels.tests.loopback import Reply
from channels.tests.slack_server import Workspace, serving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake")]
State = OutboundItem.State
TOKEN = "xoxb-secret-token"


@pytest.fixture
def workspace(settings) -> Iterator[Workspace]:
    with serving() as found:
        settings.SLACK_API_BASE, settings.SLACK_TOKEN = found.base, TOKEN
        yield found


def post(**values: object) -> OutboundItem:
    defaults = {"key": uuid4(), "conversation": "ticket:1", "channel": "#questions", "text": "Hello", "not_before": NOW}
    return slack_posts.post_message(**{**defaults, **values})


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def body(**values: object) -> bytes:
    return json.dumps(values).encode()


def sent(item: OutboundItem, now=NOW) -> OutboundItem:
    outbox.send_due(now)
    item.refresh_from_db()
    return item


def test_a_message_is_posted_with_its_key_and_gives_a_link(workspace: Workspace) -> None:
    item = sent(post(blocks=[{"type": "divider"}], thread_ts="1600000000.000001"))
    link = "https://acme.slack.example/C1/p1700000000.000000"
    assert (item.state, item.external_id, item.url) == (State.SENT, "1700000000.000000", link)
    assert item.receipt == {"ts": "1700000000.000000", "channel": "C1", "permalink": link}
    (message,) = workspace.messages
    assert message["metadata"]["event_payload"] == {"key": str(item.key)}
    assert (message["text"], message["thread_ts"]) == ("Hello", "1600000000.000001")


def test_a_missing_link_does_not_make_a_posted_message_doubtful(workspace: Workspace) -> None:
    workspace.fault = lambda method: (500, {}, b"") if method == "chat.getPermalink" else None
    item = sent(post())
    assert (item.state, item.url, item.receipt["permalink"]) == (State.SENT, "", None)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("not_in_channel", "not a member"),
        ("channel_not_found", "cannot find that channel"),
        ("invalid_auth", "DESK_SLACK_TOKEN"),
        ("missing_scope", "scope"),
        ("something_new", "something_new"),
    ],
)
def test_a_refusal_is_explained_in_words(workspace: Workspace, code: str, words: str) -> None:
    workspace.fault = lambda method: (200, {}, body(ok=False, error=code))
    item = sent(post())
    assert item.state == State.FAILED
    assert words in item.error
    assert TOKEN not in item.error


def test_retry_after_is_waited_out(workspace: Workspace) -> None:
    workspace.fault = lambda method: (429, {"Retry-After": "77"}, body(ok=False, error="ratelimited"))
    item = sent(post())
    assert item.state == State.RETRYING
    assert item.not_before >= after(77)
    workspace.fault = lambda method: None
    assert sent(item, item.not_before).state == State.SENT
    assert len(workspace.messages) == 1


def test_no_token_and_no_server_are_told_apart(settings) -> None:
    settings.SLACK_TOKEN = ""
    item = sent(post())
    assert (item.state, "DESK_SLACK_TOKEN" in item.error) == (State.FAILED, True)
    settings.SLACK_TOKEN, settings.SLACK_API_BASE = TOKEN, "http://127.0.0.1:9/api/"
    item = sent(post(conversation="other"))
    assert (item.state, "cannot be reached" in item.error) == (State.RETRYING, True)


@pytest.mark.parametrize(
    "fault",
    [
        "hang up",
        (500, {}, b"<html>oops</html>"),
        (503, {}, body(ok=False, error="service_unavailable")),
        (200, {}, body(ok=False, error="internal_error")),
        (200, {}, b'{"ok": tr'),
        (200, {}, b""),
        (200, {}, body(ok=True)),
    ],
)
def test_any_doubt_is_uncertain_and_looked_up_by_the_key(workspace: Workspace, fault: object) -> None:
    workspace.messages.append({"ts": "1.0", "text": "Hello"})

    def taken_but_unclear(method: str) -> object:
        if method != "chat.postMessage":
            return None
        if fault != "hang up":
            workspace.answer(method, workspace.calls[-1][1])
        return fault

    workspace.fault = taken_but_unclear
    item = sent(post())
    assert item.state == State.UNCERTAIN
    workspace.fault = lambda method: None
    outbox.recover(after(api.REQUEST_TIMEOUT_S + api.INDEX_LAG_S + 2))
    item.refresh_from_db()
    assert (item.state, item.receipt["ts"]) == (State.SENT, "1700000000.000001")
    assert outbox.send_due(after(9999)) == 0
    assert len(workspace.messages) == 2


def test_proved_absent_twice_it_is_posted_once(workspace: Workspace) -> None:
    workspace.messages.append({"ts": "1.0", "text": "Hello"})
    workspace.fault = lambda method: (500, {}, b"") if method == "chat.postMessage" else None
    item = sent(post(thread_ts="1.0", channel="C1"))
    outbox.recover(after(40))
    outbox.recover(after(60))
    item.refresh_from_db()
    assert item.state == State.QUEUED
    assert [m for m, _ in workspace.calls].count("conversations.replies") == 2
    workspace.fault = lambda method: None
    assert sent(item, after(61)).state == State.SENT
    assert len(workspace.messages) == 2


def test_a_channel_that_cannot_be_read_leaves_it_to_a_person(workspace: Workspace) -> None:
    workspace.fault = lambda method: (500, {}, b"") if method == "chat.postMessage" else None
    item = sent(post(channel="#secret-room"))
    for minutes in range(1, 60, 6):
        outbox.recover(after(60 * minutes))
    item.refresh_from_db()
    assert item.state == State.UNCERTAIN
    assert "cannot find that channel" in item.error


def test_a_direct_message_is_looked_for_in_the_conversation_with_its_member(workspace: Workspace) -> None:
    workspace.fault = lambda method: "hang up" if method == "chat.postMessage" else None
    item = sent(post(channel="U00000006"))
    assert item.state == State.UNCERTAIN
    workspace.fault = lambda method: None
    outbox.recover(after(api.REQUEST_TIMEOUT_S + api.INDEX_LAG_S + 2))
    item.refresh_from_db()
    assert (item.state, len(workspace.messages)) == (State.SENT, 1)
    read = [arguments["channel"] for method, arguments in workspace.calls if method == "conversations.history"]
    assert set(read) == {"D00000006"}


def test_a_crawling_slack_is_left_before_the_worker_counts_as_lost(settings) -> None:
    settings.SLACK_TOKEN = TOKEN
    lasting_a_minute = Reply(200, body(ok=True, ts="1.1", filler="." * 1200), drip_s=0.05)
    with loopback.serving(lambda seen: lasting_a_minute) as slow:
        settings.SLACK_API_BASE = f"{slow.url}/api/"
        began = time.monotonic()
        with pytest.raises(Uncertain), deadlines.write_within(1.5):
            api.post({"channel": "#questions", "text": "Hello"}, "k")
        assert time.monotonic() - began < 20
        assert [seen.path for seen in slow.seen] == ["/api/chat.postMessage"]


def test_a_redirected_post_goes_nowhere_else(settings) -> None:
    settings.SLACK_TOKEN = TOKEN
    with loopback.serving(lambda seen: Reply(302, b"", {"Location": "/steal"})) as elsewhere:
        settings.SLACK_API_BASE = f"{elsewhere.url}/api/"
        with pytest.raises(Uncertain):
            api.post({"channel": "#questions", "text": "Hello"}, "k")
        assert [seen.path for seen in elsewhere.seen] == ["/api/chat.postMessage"]
