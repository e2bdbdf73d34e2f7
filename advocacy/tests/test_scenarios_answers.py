"""Every expert loop ends in the state named by the handbook, without a click after the request."""

import pytest

from advocacy.tests import scenario
from advocacy.tests.asking import answer, ask, expert, in_thread, mention, tags
from experts.models import Outreach, PossibleAnswer
from experts.outreach import ending, verdicts
from mentions.models import Ticket
from mentions.queue import claims

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(180)

PLACES = {
    "twitter": ("twitter", {}, "@acme how do I cache?", "Acme can, with a cache key."),
    "twitter_without_the_name": ("twitter", {}, "@acme how do I cache?", "Try a cache key."),
    "hackernews": ("hackernews", {"title": "Ask HN: Acme and caches"}, "Acme: how do I cache?", "Acme does that."),
    "hackernews_without_the_name": ("hackernews", {"title": "Ask HN: Acme, caches"}, "Acme: how?", "With a key."),
    "reddit": ("reddit", {"to": "devops", "title": "Caching on Acme"}, "How does Acme cache?", "Acme does that."),
    "reddit_without_the_name": ("reddit", {"to": "devops", "title": "Acme caches"}, "How does it?", "With a key."),
    "blog": ("disqus", {"to": "acme-blog", "guest": False, "pending": False}, "Does Acme cache?", "It does."),
    "forum": ("discourse", {"to": "ci", "title": "Caches", "private": False}, "Does Acme cache?", "It does."),
    "stack_overflow": ("stackexchange", {"title": "Which cache?", "tags": "acme"}, "Does it?", "It does."),
    "docs_comments": ("disqus", {"to": "acme-comparison", "guest": False}, "Does Acme cache?", "It does."),
    "mail": ("email", {"to": "community", "subject": "Caches"}, "Does it cache?", "It does."),
    "tracker": ("gitlab", {"to": "acme/enterprise", "title": "No cache"}, "Acme has none.", "It has one."),
    "hackerone": ("hackerone", {"title": "A poisoned cache"}, "Acme trusts it.", "We look into it."),
    "youtube": ("youtube", {"to": "AcmeRunners"}, "Does Acme cache?", "It does."),
    "mastodon": ("mastodon", {}, "Does Acme cache?", "It does."),
    "bluesky": ("bluesky", {}, "Does Acme cache?", "It does."),
    "chat": ("chatlog", {}, "Does Acme cache?", "It does."),
    "internal_question": ("slack", {"to": "swag", "author": "ines"}, "Does Acme cache?", "It does."),
}


@pytest.mark.parametrize("who", ["nadia", "tom"], ids=["who_was_asked", "who_was_not_asked"])
@pytest.mark.parametrize("place", PLACES)
def test_answer_on_the_platform_ends_the_request_once(desk, place, who):
    platform, more, question, words = PLACES[place]
    first = mention(desk, platform, question, **more)
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    assert tags(ticket) == {"reached-out-to-expert"}
    ours = answer(desk, platform, first, who, words)
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, asked.answer) == ("answered", desk.message(ours))
    assert asked.answered_by == expert(who).person
    assert asked.latency == desk.message(ours).posted_at - asked.asked_at
    assert ticket.first_reply_at == desk.message(ours).posted_at
    waits_on = "report" if place == "hackerone" else ""  # until it is closed there
    assert (ticket.status, ticket.waiting_on, ticket.is_queued) == ("open" if waits_on else "solved", waits_on, False)
    assert tags(ticket) == {"expert-responded", "expert-response"}
    assert [str(expert(who)) in note.text for note in ticket.notes.all()] == [True]
    assert scenario.kinds(ticket).count("expert_responded") == 1
    desk.read_threads()
    desk.send_due()
    desk.send_due()
    assert in_thread(desk, asked) == [f"{expert(who)} has answered. Thank you!"]
    assert not PossibleAnswer.objects.exists()


def test_answer_while_the_advocate_holds_the_ticket_leaves_it_with_them_unparked(desk):
    first = mention(desk, "twitter", "@acme how do I cache?")
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    claims.claim(desk.user(), ticket.pk, desk.now())
    answer(desk, "twitter", first, "tom", "With a key.")
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, asked.answered_by) == ("answered", expert("tom").person)
    assert (ticket.status, ticket.waiting_on, ticket.claimed_by) == ("open", "", desk.user())
    assert tags(ticket) == {"expert-responded", "expert-response"}


def test_answer_by_our_own_page_is_asked_about_and_a_yes_ends_the_request(desk):
    """On Facebook our people answer as the page."""
    first = mention(desk, "facebook", "Does Acme cache?", to="comment")
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    ours = answer(desk, "facebook", first, "nadia", "It does.")
    possible = PossibleAnswer.objects.get()
    assert (possible.message, possible.why) == (desk.message(ours), "handle")
    ticket.refresh_from_db()
    assert ticket.is_queued
    assert verdicts.decide(possible.pk, desk.user(), is_answer=True, now=desk.now())
    asked.refresh_from_db()
    ticket.refresh_from_db()
    assert (asked.state, asked.answered_by) == ("answered", expert("nadia").person)
    assert (ticket.status, ticket.waiting_on) == ("solved", "")
    assert tags(ticket) == {"expert-responded", "expert-response"}


def test_interim_reply_from_the_desk_leaves_the_request_running(desk):
    first = mention(desk, "twitter", "@acme how do I cache?")
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    desk.reply(ticket, "We are asking our experts.", after="open")
    desk.poll("twitter")
    asked.refresh_from_db()
    assert asked.state == "asked"
    assert not PossibleAnswer.objects.exists()


def test_advocate_who_answers_from_their_own_account_is_asked_whether_that_was_it(desk):
    first = mention(desk, "twitter", "@acme how do I cache?")
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    ours = answer(desk, "twitter", first, "maria", "With a key.")
    ticket.refresh_from_db()
    assert PossibleAnswer.objects.get().message == desk.message(ours)
    assert (Outreach.objects.get(pk=asked.pk).state, ticket.waiting_on) == ("asked", "")


def test_two_requests_on_a_ticket_end_with_one_answer_and_both_hear_of_it(desk):
    first = mention(desk, "twitter", "@acme how do I cache?")
    ticket = desk.ticket(first)
    asked, other = ask(desk, ticket, "nadia"), ask(desk, ticket, "tom")
    answer(desk, "twitter", first, "tom", "With a key.")
    desk.send_due()
    assert set(Outreach.objects.values_list("pk", "state")) == {(asked.pk, "withdrawn"), (other.pk, "answered")}
    assert in_thread(desk, asked) == ["Tom Brennan has answered. Nothing more is needed here, thank you!"]
    assert in_thread(desk, other) == ["Tom Brennan has answered. Thank you!"]


def test_advocate_who_solves_the_ticket_after_all_ends_the_request(desk):
    first = mention(desk, "twitter", "@acme how do I cache?")
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    desk.reply(ticket, "With a key, it turns out.")
    desk.wait(minutes=5)
    assert ending.withdraw_needless(desk.now()) == 1
    desk.send_due()
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    assert in_thread(desk, asked) == ["This is settled. Nothing more is needed here, thank you!"]
    assert tags(Ticket.objects.get(pk=ticket.pk)) == set()
