"""Experts and colleagues in Slack, against the sandbox: threads, buttons, pings, reminders, with Slack's rate limits,
renames and repeated deliveries."""

import time
from datetime import timedelta

import pytest

from advocacy.tests import scenario
from advocacy.tests.asking import answer, ask, expert, in_thread, mention, tags
from channels.models import OutboundItem
from channels.tests.loopback import Reply, serving
from experts.community import sharing
from experts.directory import slack_check
from experts.listening import threads
from experts.models import CommunityShare, Expert, Outreach, ThreadReply, Topic
from experts.outreach import outreach, reminders
from experts.slack_text import blocks
from mentions.macros import macros
from mentions.models import Macro
from mentions.queue import claims
from mentions.replies import drafts
from sandbox import world
from sandbox.stories.outreach import notified

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(180)


def say(desk, asked, who, text):
    parent = f"{asked.slack_room}/{asked.slack_ts}"
    made = desk.outside.post("slack", text=text, author=who, reply_to=parent)
    desk.listen()
    asked.refresh_from_db()
    return made["id"]


def click(desk, client, where, who, action, *, times=1, **more):
    """Somebody clicks in the sandbox; its signed request reaches the desk `times` times."""
    with serving(lambda seen: Reply()) as caught:
        hook = {"platform": "slack-interactivity", "secret": world.SLACK_SIGNING_SECRET}
        desk.outside.control("webhook", url=f"{caught.url}/", **hook)
        desk.outside.control("click", id=where, action=action, **{"as": who}, **more)
        deadline = time.monotonic() + 10
        while not caught.seen and time.monotonic() < deadline:
            time.sleep(0.02)
        desk.outside.control("webhook", url="", **hook)
    (call,) = caught.seen
    headers = {name: value for name, value in call.headers.items() if name.startswith("X-Slack")}
    for _ in range(times):
        response = client.post("/hooks/slack/", call.body, content_type=call.headers["Content-Type"], headers=headers)
        assert response.status_code == 200, response.content
    desk.send_due()


def place(asked):
    return f"{asked.slack_room}/{asked.slack_ts}"


@pytest.fixture
def question(desk):
    first = mention(desk, "twitter", "@acme how do I cache?")
    return first, desk.ticket(first)


# --- threads ----------------------------------------------------------------------------------------------------------


def test_draft_in_the_thread_is_sent_and_credits_both(desk, question):
    _first, ticket = question
    asked = ask(desk, ticket, "nadia")
    say(desk, asked, "nadia", "Draft: Set a cache key, like this.")
    ticket.refresh_from_db()
    assert (asked.state, ticket.is_queued, ticket.queued_at) == ("draft", True, ticket.posted_at)
    kept = drafts.saved(ticket.pk, desk.user())
    assert (kept.text, kept.credit) == ("Set a cache key, like this.", "Nadia Petrova")
    reply = desk.reply(ticket, kept.text)
    desk.listen()
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, asked.reply, asked.answered_by) == ("sent", reply, expert("nadia").person)
    assert (reply.credit, ticket.status, tags(ticket)) == ("Nadia Petrova", "solved", {"expert-responded"})
    assert in_thread(desk, asked)[-1] == "Sam Okafor has sent the draft. Thank you!"
    before = len(in_thread(desk, asked))
    desk.poll("twitter")
    desk.listen()
    assert len(in_thread(desk, asked)) == before


def test_redirect_keeps_the_chain_and_the_next_one_answers(desk, question):
    first, ticket = question
    asked = ask(desk, ticket, "nadia")
    say(desk, asked, "nadia", f"Better ask <@{expert('tom').slack_id}>, he wrote it")
    assert (asked.state, asked.suggested) == ("redirected", expert("tom"))
    ticket.refresh_from_db()
    assert ticket.is_queued
    second = ask(desk, ticket, "tom")
    answer(desk, "twitter", first, "tom", "With a key.")
    second.refresh_from_db()
    ticket.refresh_from_db()
    assert (second.state, ticket.status) == ("answered", "solved")


def test_question_in_the_thread_brings_the_ticket_back_and_the_request_goes_on(desk, question):
    first, ticket = question
    asked = ask(desk, ticket, "nadia")
    say(desk, asked, "nadia", "Which version do they run?")
    ticket.refresh_from_db()
    assert (asked.state, ticket.waiting_on) == ("asked", "")
    answer(desk, "twitter", first, "nadia", "With a key.")
    asked.refresh_from_db()
    assert asked.state == "answered"


def test_expert_hears_once_that_the_requester_has_written_again(desk, question):
    first, ticket = question
    asked = ask(desk, ticket, "nadia")
    desk.next_second()
    mention(desk, "twitter", "Anybody there?", author=ticket.requester.handle, reply_to=first)
    desk.listen()
    desk.listen()
    (message,) = in_thread(desk, asked)
    assert message.startswith("They have written again:")
    assert "Anybody there?" in message
    ticket.refresh_from_db()
    assert (ticket.waiting_on, Outreach.objects.get(pk=asked.pk).state) == ("", "asked")


def test_silence_is_reminded_then_ends_and_a_late_answer_still_counts(desk, question):
    first, ticket = question
    asked = ask(desk, ticket, "nadia", until=desk.now() + timedelta(days=7))
    for _ in range(8 * 12):
        desk.wait(hours=2)
        reminders.run(desk.now())
        desk.send_due()
    asked.refresh_from_db()
    ticket.refresh_from_db()
    ping = f"<@{expert('nadia').slack_id}>"
    assert [text.startswith(ping) for text in in_thread(desk, asked)] == [True, True, False]
    assert (asked.state, ticket.is_queued, ticket.queued_at) == ("no_answer", True, ticket.posted_at)
    answer(desk, "twitter", first, "nadia", "With a key.")
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, ticket.status) == ("answered", "solved")


# --- buttons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "more", "state", "waits"),
    [
        (blocks.ACKNOWLEDGE, {}, "acknowledged", "expert"),
        (blocks.REDIRECT, {"chosen": "tom"}, "redirected", ""),
        (blocks.DECLINE, {}, "declined", ""),
    ],
)
def test_click_in_slack_delivered_three_times_does_it_once(desk, client, question, action, more, state, waits):
    _first, ticket = question
    asked = ask(desk, ticket, "nadia")
    click(desk, client, place(asked), "nadia", action, times=3, **more)
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, ticket.waiting_on) == (state, waits)
    assert len(in_thread(desk, asked)) == 1
    assert asked.suggested == (expert("tom") if more else None)


# --- pings ------------------------------------------------------------------------------------------------------------


def test_group_is_notified_by_its_id_and_a_plain_name_is_only_text(desk, question):
    _first, ticket = question
    topic = Topic.objects.get(slack_channel="#techevangelism", kind="team")
    assert topic.slack_group_id == world.SLACK_GROUPS["techevangelism"]
    token = claims.claim(desk.user(), ticket.pk, desk.now()).claim_token
    asked = Outreach(key="6f1b4f0e-9d0c-4c57-9a2e-0a8d4f6f7d11")
    text = outreach.proposal(ticket, topic, asked.key, desk.user(), "Twitter")
    assert "@techevangelism" in text
    assert notified(text) == []
    outreach.ask(
        ticket.pk, desk.user(), token, key=asked.key, asked=topic, slack_channel=topic.slack_channel, text=text,
        until=None, now=desk.now(),
    )  # fmt: skip
    desk.send_due()
    posted = [m for m in desk.outside.truth("slack")["desk"] if "support from an expert" in m["text"]][-1]
    assert [member.key for member in notified(posted["text"])] == ["jonas"]


def test_check_says_what_slack_does_not_have(desk):
    assert (
        slack_check.problems(Expert.objects.filter(person__name="Nadia Petrova"), Topic.objects.filter(kind="x")) == []
    )
    Expert.objects.filter(person__name="Nadia Petrova").update(slack_id="U0000GONE")
    topic = Topic.objects.get(slack_channel="#techevangelism", kind="team")
    Topic.objects.filter(pk=topic.pk).update(slack_group_id="S0000GONE", slack_channel="#no-such-channel")
    said = slack_check.problems(Expert.objects.filter(slack_id="U0000GONE"), Topic.objects.filter(pk=topic.pk))
    assert len(said) == 3
    assert all(name in " ".join(said) for name in ("U0000GONE", "S0000GONE", "#no-such-channel"))


# --- Slack's own behaviour --------------------------------------------------------------------------------------------


def test_rate_limit_while_reading_loses_nothing(desk, question):
    _first, ticket = question
    asked = ask(desk, ticket, "nadia")
    desk.outside.control("faults", platform="slack", kind="429", count=1)
    say(desk, asked, "nadia", "On it")
    assert asked.state == "asked"
    desk.listen()
    asked.refresh_from_db()
    assert asked.state == "acknowledged"


def test_renamed_channel_keeps_the_thread(desk, question):
    first, ticket = question
    asked = ask(desk, ticket, "nadia")
    name = asked.slack_channel
    desk.outside.control("slack/rename", channel=name, to="s_renamed")
    try:
        say(desk, asked, "nadia", "On it")
        assert (asked.state, asked.thread_error) == ("acknowledged", "")
        answer(desk, "twitter", first, "nadia", "With a key.")
        desk.send_due()
        assert in_thread(desk, asked)[-1] == "Nadia Petrova has answered. Thank you!"
    finally:
        desk.outside.control("slack/rename", channel="s_renamed", to=name)


def test_edited_reply_is_read_again_and_an_event_twice_reads_once(desk, question):
    _first, ticket = question
    asked = ask(desk, ticket, "nadia")
    made = say(desk, asked, "nadia", "Hm.")
    assert asked.state == "asked"
    desk.outside.control("edit", platform="slack", id=made.replace(":", "/"), text="Draft: Use a cache key.")
    assert threads.wake_thread(asked.slack_room, asked.slack_ts, desk.now())
    desk.listen()
    desk.listen()
    asked.refresh_from_db()
    assert (asked.state, asked.draft) == ("draft", "Use a cache key.")
    assert [reply.kind for reply in ThreadReply.objects.exclude(kind="ours")] == ["draft"]


# --- community involvement --------------------------------------------------------------------------------------------


def share(desk, ticket):
    macro = Macro.objects.get(name="Involving Experts::Community Involvement")
    token = claims.claim(desk.user(), ticket.pk, desk.now()).claim_token
    macros.apply(macro, ticket.pk, desk.user(), token, now=desk.now())
    desk.send_due()
    return CommunityShare.objects.select_related("outbound").get(ticket=ticket)


@pytest.mark.parametrize("is_taken", [False, True], ids=["without_taking_it", "taken"])
def test_colleague_answers_what_was_shared_and_it_comes_back_to_its_advocate(desk, client, is_taken):
    first = mention(desk, "twitter", "@acme your runner is wonderful")
    ticket = desk.ticket(first)
    shared = share(desk, ticket)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.no_reply_reason) == ("solved", "community")
    receipt = shared.outbound.receipt
    (posted,) = [m for m in desk.outside.truth("slack")["desk"] if m["ts"] == receipt["ts"]]
    assert posted["channel"] == world.SLACK_CHANNELS["community-involvement"]
    assert "your runner is wonderful" in posted["text"]
    if is_taken:
        click(desk, client, f"{receipt['channel']}/{receipt['ts']}", "tom", sharing.TAKE, times=2)
        shared.refresh_from_db()
        assert (shared.state, shared.taken_by) == ("taken", expert("tom").person)
        (posted,) = [m for m in desk.outside.truth("slack")["desk"] if m["ts"] == receipt["ts"]]
        assert "Tom Brennan is on it" in str(posted["blocks"])
        assert OutboundItem.objects.filter(kind="edit").count() == 1
    answer(desk, "twitter", first, "tom", "Thank you! What do you build with it?")
    desk.send_due()
    desk.send_due()
    shared.refresh_from_db()
    ticket.refresh_from_db()
    assert (shared.state, shared.answered_by) == ("answered", expert("tom").person)
    assert (ticket.status, ticket.assignee, ticket.no_reply_reason) == ("open", desk.user(), "")
    thread = [m["text"] for m in desk.outside.truth("slack")["desk"] if m.get("thread_ts") == receipt["ts"]]
    assert thread == ["Tom Brennan has answered. Thank you!"]
    assert claims.claim_next(desk.user(), None, desk.now()).pk == ticket.pk
    responded = Macro.objects.get(name="Involving Experts::Expert Responded")
    macros.apply(responded, ticket.pk, desk.user(), None, values={"expert": "Tom Brennan"}, now=desk.now())
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert tags(ticket) == {"community-involvement", "expert-responded"}
