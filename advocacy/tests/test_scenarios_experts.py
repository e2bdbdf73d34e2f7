"""Experts who are asked in Slack and answer on the platform, and tickets that wait for them or come back."""

import uuid
from datetime import timedelta

import pytest

from advocacy.tests import scenario
from channels.models import OutboundItem
from experts.asking import interim
from experts.models import Expert, Outreach
from experts.outreach import outreach, responding
from mentions.models import Event, Ticket
from mentions.queue import claims
from mentions.replies import replies
from mentions.tickets import lifecycle
from mentions.triage import outcomes
from sandbox import world

desk, outside = scenario.desk, scenario.outside


def ask(desk, ticket, key, *, until=None):
    """Sam asks an expert about the ticket, as from its page."""
    expert = Expert.objects.get(person__name=next(m.name for m in world.TEAM if m.key == key))
    sam, now, number = desk.user(), desk.now(), uuid.uuid4()
    token = claims.claim(sam, ticket.pk, now).claim_token
    text = outreach.proposal(ticket, expert, number, sam, "there")
    channel = expert.topics.first().slack_channel
    return outreach.ask(
        ticket.pk, sam, token, key=number, asked=expert, slack_channel=channel, text=text, until=until, now=now
    )


def mention(desk, platform, text, author, **more):
    external_id = desk.outside.post(platform, text=text, author=author, **more)["id"]
    desk.poll(platform)
    return external_id


def answer(desk, platform, external_id, who, text):
    desk.next_second()
    return desk.outside.control("answer", platform=platform, id=external_id, text=text, **{"as": who})["id"]


@pytest.mark.parametrize(
    ("platform", "more", "words"),
    [
        ("twitter", {}, "Acme can, with a cache key."),
        ("twitter", {}, "Try a cache key."),
        ("hackernews", {"title": "Ask HN: Acme and caches"}, "Acme does that with a cache key."),
        ("hackernews", {"title": "Ask HN: Acme and other caches"}, "With a cache key."),
    ],
    ids=["twitter", "twitter_without_the_name", "hackernews", "hackernews_without_the_name"],
)
def test_expert_who_is_asked_in_slack_answers_on_the_platform(desk, platform, more, words):
    about = "@acme " if platform == "twitter" else "Acme: "
    first = mention(
        desk, platform, f"{about}how do I cache? {uuid.uuid4()}", f"expert_asker_{uuid.uuid4().hex[:6]}", **more
    )
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    desk.send_due()
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.outbound.state, asked.error) == (OutboundItem.State.SENT, "")
    (posted,) = [m for m in desk.outside.truth("slack")["desk"] if m["ts"] == asked.slack_ts]
    assert "support from an expert" in posted["text"]
    assert "<@U00000004>" in posted["text"]
    assert desk.message(first).url in posted["text"]
    assert asked.slack_url.startswith(desk.outside.http_url)
    assert (ticket.waiting_on, ticket.is_queued, ticket.first_reply_at) == ("expert", False, None)
    assert {tag.name for tag in ticket.tags.all()} == {"reached-out-to-expert"}

    ours = answer(desk, platform, first, "nadia", words)
    desk.poll(platform)
    desk.read_threads()
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, asked.answer, str(asked.answered_by)) == ("answered", desk.message(ours), "Nadia Petrova")
    assert asked.answered_at == ticket.first_reply_at == desk.message(ours).posted_at
    assert (ticket.status, ticket.waiting_on) == ("solved", "")
    assert {tag.name for tag in ticket.tags.all()} == {"expert-responded", "expert-response"}
    assert any("Nadia Petrova" in note.text for note in ticket.notes.all())


def test_expert_who_says_nothing_brings_the_ticket_back_in_time(desk):
    first = mention(desk, "twitter", "@acme who maintains the runner?", "patient_one")
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia", until=desk.now() + timedelta(hours=2))
    desk.send_due()
    desk.wait(minutes=119)
    assert lifecycle.wake_due(desk.now()) == 0
    desk.wait(minutes=2)
    assert lifecycle.wake_due(desk.now()) == 1
    ticket.refresh_from_db()
    assert (ticket.is_queued, ticket.waiting_on, ticket.queued_at) == (True, "", ticket.posted_at)
    desk.listen()
    asked.refresh_from_db()
    assert asked.state == Outreach.State.NO_ANSWER
    assert claims.claim_next(desk.user(), None, desk.now()).pk == ticket.pk


def test_requester_who_writes_while_an_expert_is_asked_brings_the_ticket_back(desk):
    first = mention(desk, "twitter", "@acme who maintains the registry?", "impatient_one")
    ticket = desk.ticket(first)
    ask(desk, ticket, "tom")
    desk.send_due()
    mention(desk, "twitter", "Anybody?", "impatient_one", reply_to=first)
    ticket.refresh_from_db()
    assert (ticket.is_queued, ticket.waiting_on) == (True, "")


def test_follow_up_goes_first_to_its_assignee_while_they_are_there(desk):
    first = mention(desk, "twitter", "@acme does it run on BSD?", "returning")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "It does.", by="maria")
    older = Ticket.objects.exclude(pk=ticket.pk).filter(is_queued=True)
    older.update(status="solved")
    again = mention(desk, "twitter", "On which one?", "returning", reply_to=reply.message.external_id)
    other = mention(desk, "twitter", "@acme another question", "somebody_else")
    Ticket.objects.filter(pk=desk.ticket(other).pk).update(queued_at=desk.now() - timedelta(days=1))
    assert desk.message(again).ticket_id == ticket.pk
    assert claims.claim_next(desk.user("maria"), None, desk.now()).pk == ticket.pk
    claims.release(ticket.pk, desk.user("maria"), Ticket.objects.get(pk=ticket.pk).claim_token, desk.now())
    assert claims.claim_next(desk.user("sam"), None, desk.now()).pk == desk.ticket(other).pk
    assert claims.claim_next(desk.user("vera"), None, desk.now()) is None
    outcomes.no_reply_needed(desk.ticket(other).pk, desk.user("sam"), None, reason="praise", now=desk.now())
    desk.wait(minutes=claims.FOLLOW_UP_GRACE_MINUTES + 1)
    assert claims.claim_next(desk.user("vera"), None, desk.now()).pk == ticket.pk


def test_message_after_the_ticket_is_closed_opens_a_follow_up(desk, settings):
    first = mention(desk, "twitter", "@acme how much is it?", "comes_late")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "Nothing at all.")
    desk.wait(days=settings.CLOSE_SOLVED_AFTER_DAYS, hours=1)
    assert lifecycle.close_solved(desk.now()) >= 1
    again = mention(desk, "twitter", "And for ten of us?", "comes_late", reply_to=reply.message.external_id)
    ticket.refresh_from_db()
    follow_up = desk.ticket(again)
    assert ticket.status == "closed"
    assert (follow_up.follow_up_of, follow_up.status, follow_up.assignee) == (ticket, "new", desk.user())
    third = mention(desk, "twitter", "Or twenty?", "comes_late", reply_to=again)
    assert desk.ticket(third).pk == follow_up.pk


def test_asking_leaves_one_trace_each(desk):
    first = mention(desk, "twitter", "@acme who writes the docs?", "reader")
    ticket = desk.ticket(first)
    ask(desk, ticket, "yuki")
    desk.send_due()
    desk.send_due()
    assert [e.kind for e in Event.objects.filter(ticket=ticket, kind="outreach")] == ["outreach"]
    assert sum(desk.message(first).url in m["text"] for m in desk.outside.truth("slack")["desk"]) == 1
    outcomes.wake(ticket.pk, desk.user(), now=desk.now())
    ticket.refresh_from_db()
    assert ticket.is_queued


def reply_meanwhile(desk, asked):
    """The interim reply as the panel proposes it, through the undo window and back in from the platform."""
    offered = interim.proposal(asked, desk.user())
    replies.submit(
        asked.ticket_id,
        desk.user(),
        None,
        key=offered.key,
        text=offered.text,
        channel_id=offered.chosen,
        guard_message_id=offered.guard,
        status_after="open",
        now=desk.now(),
    )
    desk.send()
    desk.next_second()
    desk.poll("twitter")
    desk.listen()


ENDINGS = {
    "answers": lambda desk, asked, first: answer(desk, "twitter", first, "nadia", "With a cache key."),
    "declines": lambda desk, asked, first: responding.respond(asked.pk, "declined", "", now=desk.now()),
    "drafts": lambda desk, asked, first: responding.respond(asked.pk, "draft", "A key.", now=desk.now()),
    "writes again": lambda desk, asked, first: mention(desk, "twitter", "Anybody?", "waits_a_bit", reply_to=first),
    "time is up": lambda desk, asked, first: desk.wait(hours=3),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_interim_reply_leaves_the_ticket_parked_until_something_happens(desk, ending):
    first = mention(desk, "twitter", f"@acme how do I cache? {uuid.uuid4()}", "waits_a_bit")
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia", until=desk.now() + timedelta(hours=2))
    desk.send_due()
    asked.refresh_from_db()
    reply_meanwhile(desk, asked)
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_on, ticket.is_queued, asked.state) == ("open", "expert", False, "asked")
    assert [reply.state for reply in ticket.replies.all()] == ["sent"]
    assert ticket.first_reply_at is not None

    ENDINGS[ending](desk, asked, first)
    desk.poll("twitter")
    lifecycle.wake_due(desk.now())
    desk.listen()
    asked.refresh_from_db()
    ticket.refresh_from_db()
    tags = {tag.name for tag in ticket.tags.all()}
    if ending == "answers":
        assert (ticket.status, ticket.waiting_on, asked.state) == ("solved", "", "answered")
        assert tags == {"expert-responded", "expert-response"}
        return
    states = {"declines": "declined", "drafts": "draft", "writes again": "asked", "time is up": "no_answer"}
    assert (ticket.waiting_on, ticket.is_queued, asked.state) == ("", True, states[ending])
    newest = ticket.messages.filter(direction="in").order_by("-posted_at").first()
    assert ticket.queued_at == newest.posted_at
    thread = [m["text"] for m in desk.outside.truth("slack")["desk"] if m.get("thread_ts") == asked.slack_ts]
    assert any("They have written again" in text for text in thread) == (ending == "writes again")
