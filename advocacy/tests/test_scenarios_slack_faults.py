"""Slack faults while an expert is asked: nothing is lost, and nothing is posted twice."""

import json
import time
from datetime import timedelta
from uuid import uuid4

import pytest

from advocacy.tests import scenario
from advocacy.tests.asking import answer, ask, expert, in_thread, mention
from channels.models import OutboundItem
from channels.tests.loopback import Reply, serving
from experts.models import Outreach, SlackRequest, ThreadReply
from experts.outreach import outreach, reminders
from experts.slack_text import blocks
from mentions.queue import claims
from sandbox import world

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def question(desk):
    first = mention(desk, "twitter", f"@acme how do I cache? {uuid4()}")
    return first, desk.ticket(first)


def request(desk, ticket, key="nadia", channel="#s_verify"):
    """Requested on the desk, not yet posted in Slack."""
    asked, number, now = expert(key), uuid4(), desk.now()
    token = claims.claim(desk.user(), ticket.pk, now).claim_token
    text = outreach.proposal(ticket, asked, number, desk.user(), "Twitter")
    return outreach.ask(
        ticket.pk, desk.user(), token, key=number, asked=asked, slack_channel=channel, text=text,
        until=now + timedelta(days=7), now=now,
    )  # fmt: skip


def requests_in_slack(desk, ticket):
    link = outreach.link_of(ticket)
    return [m for m in desk.outside.truth("slack")["desk"] if link in m["text"] and not m.get("thread_ts")]


def reloaded(row):
    return type(row).objects.get(pk=row.pk)


# --- too many requests ------------------------------------------------------------------------------------------------


def test_request_waits_as_long_as_slack_says_and_is_posted_once(desk, question):
    _first, ticket = question
    asked = request(desk, ticket)
    desk.outside.control("faults", platform="slack", kind="429", count=1)
    desk.send_due()
    assert requests_in_slack(desk, ticket) == []
    assert (reloaded(asked).slack_ts, reloaded(asked).error, reloaded(ticket).waiting_on) == ("", "", "expert")
    item = reloaded(asked).outbound
    assert item.state != OutboundItem.State.FAILED
    assert item.not_before > desk.now()
    for _ in range(3):
        desk.recover(minutes=2)
    assert len(requests_in_slack(desk, ticket)) == 1
    assert reloaded(asked).slack_ts


def test_words_in_the_thread_wait_too_and_come_once(desk, question):
    first, ticket = question
    asked = ask(desk, ticket, "nadia")
    desk.outside.control("faults", platform="slack", kind="429", count=1)
    answer(desk, "twitter", first, "nadia", "With a key.")
    desk.send_due()
    assert (reloaded(asked).state, reloaded(ticket).status) == ("answered", "solved")
    for _ in range(3):
        desk.recover(minutes=2)
    assert in_thread(desk, asked) == ["Nadia Petrova has answered. Thank you!"]


def test_request_whose_confirmation_was_lost_is_found_and_not_posted_again(desk, question):
    first, ticket = question
    asked = request(desk, ticket)
    desk.outside.control("faults", platform="slack", kind="drop_after_accept", count=1)
    desk.send_due()
    for _ in range(4):
        desk.recover(minutes=10)
    assert len(requests_in_slack(desk, ticket)) == 1
    answer(desk, "twitter", first, "nadia", "With a key.")
    assert (reloaded(asked).state, reloaded(ticket).status) == ("answered", "solved")


# --- changes in Slack -------------------------------------------------------------------------------------------------


def test_request_to_a_channel_that_was_renamed_comes_back_and_is_asked_again_under_its_new_name(desk, question):
    _first, ticket = question
    desk.outside.control("slack/rename", channel="s_verify", to="s_renamed")
    try:
        asked = request(desk, ticket)
        desk.send_due()
        assert (reloaded(asked).state, reloaded(ticket).is_queued) == ("no_answer", True)
        assert "cannot find that channel" in reloaded(asked).error
        second = request(desk, ticket, channel="#s_renamed")
        desk.send_due()
        assert reloaded(second).slack_ts
        assert len(requests_in_slack(desk, ticket)) == 1
    finally:
        desk.outside.control("slack/rename", channel="s_renamed", to="s_verify")


def test_expert_who_has_left_is_reminded_in_vain_and_the_ticket_returns(desk, question):
    """Slack still posts the message; nobody reads it."""
    _first, ticket = question
    asked = request(desk, ticket, "jonas")
    desk.send_due()
    desk.outside.control("slack/leave", user=expert("jonas").slack_id)
    for _ in range(8 * 6):
        desk.wait(hours=4)
        reminders.run(desk.now())
        desk.send_due()
    assert (reloaded(asked).state, reloaded(ticket).is_queued, reloaded(ticket).queued_at) == (
        "no_answer", True, ticket.posted_at,
    )  # fmt: skip
    assert len(requests_in_slack(desk, ticket)) == 1


# --- delivered again --------------------------------------------------------------------------------------------------


def caught(desk, hook, act):
    """The signed call that Slack makes to the desk because of `act`."""
    with serving(lambda seen: Reply()) as there:
        given = {"platform": hook, "secret": world.SLACK_SIGNING_SECRET}
        desk.outside.control("webhook", url=f"{there.url}/", **given)
        act()
        deadline = time.monotonic() + 10
        while not there.seen and time.monotonic() < deadline:
            time.sleep(0.02)
        desk.outside.control("webhook", url="", **given)
    return there.seen[0]


def deliver(client, call):
    headers = {name: value for name, value in call.headers.items() if name.startswith("X-Slack")}
    return client.post("/hooks/slack/", call.body, content_type=call.headers["Content-Type"], headers=headers)


def test_event_that_slack_delivers_three_times_is_one_reply(desk, client, question):
    _first, ticket = question
    asked = ask(desk, ticket, "nadia")
    where = f"{asked.slack_room}/{asked.slack_ts}"
    call = caught(
        desk, "slack", lambda: desk.outside.post("slack", text="Draft: With a key.", author="nadia", reply_to=where)
    )
    assert json.loads(call.body)["event"]["thread_ts"] == asked.slack_ts
    Outreach.objects.update(thread_due_at=desk.now() + timedelta(hours=1))
    for _ in range(3):
        assert deliver(client, call).status_code == 200
    assert reloaded(asked).thread_due_at < desk.now() + timedelta(minutes=1)
    for _ in range(3):
        desk.listen()
    assert (reloaded(asked).state, reloaded(asked).draft) == ("draft", "With a key.")
    assert ThreadReply.objects.exclude(kind="ours").count() == 1
    assert len(in_thread(desk, asked)) == 2  # theirs, and ours that says thank you


def test_click_that_is_replayed_later_is_refused_and_changes_nothing(desk, client, question, monkeypatch):
    _first, ticket = question
    asked = ask(desk, ticket, "nadia")
    where = f"{asked.slack_room}/{asked.slack_ts}"
    call = caught(
        desk, "slack-interactivity",
        lambda: desk.outside.control("click", id=where, action=blocks.DECLINE, **{"as": "nadia"}),
    )  # fmt: skip
    assert deliver(client, call).status_code == 200
    assert reloaded(asked).state == "declined"
    second = ask(desk, ticket, "tom")
    SlackRequest.objects.all().delete()  # even if the record of it is gone
    later = desk.now() + timedelta(minutes=6)
    monkeypatch.setattr("experts.views.slack.desk_now", lambda: later)
    assert deliver(client, call).status_code == 403
    desk.send_due()
    assert (reloaded(asked).state, reloaded(second).state) == ("declined", "asked")
    assert reloaded(ticket).waiting_on == "expert"
