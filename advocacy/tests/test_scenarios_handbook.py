"""Loops that a review found incomplete, each followed to the state named by the handbook and the report's figures:
answers that come in as separate tickets, tickets solved without a reply, late and bounced replies, spam."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from advocacy.handbook import preset
from advocacy.handbook.company import Company
from advocacy.tests import scenario
from advocacy.tests.asking import ask, expert, mention, tags
from channels.models import Channel
from experts.models import Outreach, PossibleAnswer
from experts.outreach import verdicts
from mentions.clocks import clocks
from mentions.macros import macros
from mentions.models import Macro, Message, Ticket, View
from mentions.people import access
from mentions.queue import claims, view_tickets
from mentions.triage import outcomes, tagging
from metrics import definitions
from metrics.figures import first_reply
from metrics.periods import Period
from sandbox import world
from sandbox.platforms.disqus.articles import THREADS

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(180)
COMMENT = {"to": THREADS["acme-blog", "remote-reviews"], "guest": False, "pending": False}


def reloaded(row):
    return type(row).objects.get(pk=row.pk)


def apply(desk, name, ticket, **values):
    macro = Macro.objects.get(name=name)
    token = claims.claim(desk.user(), ticket.pk, desk.now()).claim_token
    return macros.apply(macro, ticket.pk, desk.user(), token, values=values, now=desk.now())


def figures(desk, *tickets, **filters):
    """The first-reply report of the last week, about these: the sandbox keeps other tests' posts."""
    today = timezone.now().date()
    period = Period(today - timedelta(days=6), today + timedelta(days=1))
    chosen = Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets])
    return first_reply.first_reply(chosen, definitions.Filters(period, **filters), desk.now())


def overdue_view(desk):
    return set(view_tickets.tickets_in(View.objects.get(slug="overdue"), desk.user(), desk.now()))


# --- comments on the website: two tickets -----------------------------------------------------------------------------


def two_comments(desk, author, text):
    """A question under a post, a request to Nadia, and an unexpected comment next to the question."""
    first = mention(desk, "disqus", f"Does Acme cache? {uuid4()}", **COMMENT)
    ticket = desk.ticket(first)
    asked = ask(desk, ticket, "nadia")
    desk.next_second()
    second = desk.outside.post("disqus", text=text, author=author, **COMMENT)["id"]
    desk.poll("disqus")
    return ticket, asked, second


def test_answer_from_an_account_that_is_not_known_is_a_ticket_and_a_yes_ends_both(desk):
    """As in the handbook for comments: Expert Responded here, Expert Response there."""
    ticket, asked, second = two_comments(desk, "nadia_petrova", "Acme does, with a key.")
    response = desk.ticket(second)
    assert (response.status, response.is_queued) == ("new", True)
    possible = PossibleAnswer.objects.get(outreach=asked, message=desk.message(second))
    assert verdicts.decide(possible.pk, desk.user("maria"), is_answer=True, now=desk.now())
    assert (reloaded(asked).state, reloaded(asked).answered_by) == ("answered", expert("nadia").person)
    assert (reloaded(ticket).status, tags(ticket)) == ("solved", {"expert-responded"})
    assert (reloaded(response).status, tags(response)) == ("solved", {"expert-response"})
    assert f"/tickets/{ticket.pk}/" in response.notes.get().text
    assert figures(desk, ticket, response).overdue == 0


def test_answer_under_another_name_is_closed_with_the_macro_that_names_the_question(
    desk, django_capture_on_commit_callbacks
):
    ticket, asked, second = two_comments(desk, "someone_else_entirely", "Acme does, with a key.")
    response = desk.ticket(second)
    assert not PossibleAnswer.objects.filter(message=desk.message(second)).exists()
    with django_capture_on_commit_callbacks(execute=True):
        apply(desk, "Involving Experts::Expert Response", response, original=f"#{ticket.pk}")
    assert (reloaded(asked).state, reloaded(asked).answer) == ("answered", desk.message(second))
    assert (reloaded(ticket).status, tags(ticket)) == ("solved", {"expert-responded"})
    assert (reloaded(response).status, tags(response)) == ("solved", {"expert-response"})
    assert response.notes.count() == 1


# --- done without a reply ---------------------------------------------------------------------------------------------


def test_what_is_done_without_a_reply_is_never_overdue_and_spoils_no_figure(desk):
    said = [desk.ticket(mention(desk, "twitter", f"@acme {word} {uuid4()}")) for word in ("wonderful", "look", "eh")]
    shared, response, unneeded = said
    apply(desk, "Involving Experts::Community Involvement", shared)
    apply(desk, "Involving Experts::Expert Response", response)
    outcomes.no_reply_needed(unneeded.pk, desk.user(), None, reason="praise", now=desk.now())
    before = figures(desk, *said)
    assert (before.mentions, before.no_reply, before.median) == (3, 3, None)
    desk.wait(days=3)
    after = figures(desk, *said)
    assert (after.overdue, after.unsettled, after.no_reply) == (0, 0, 3)
    assert overdue_view(desk).isdisjoint(said)


def test_questions_of_colleagues_are_work_but_no_social_response(desk):
    ticket = desk.ticket(mention(desk, "slack", "Where are the stickers?", to="swag", author="ines"))
    assert ticket.is_queued
    assert figures(desk, ticket).mentions == 0
    assert figures(desk, ticket, with_internal=True).mentions == 1


# --- late, and bounced ------------------------------------------------------------------------------------------------


def test_high_priority_is_overdue_after_five_hours_and_late_when_answered_after_six(desk):
    ticket = desk.ticket(mention(desk, "twitter", f"@acme is it down? {uuid4()}"))
    assert ticket.priority == 30
    Message.objects.filter(ticket=ticket).update(posted_at=timezone.now() - timedelta(hours=6))
    clocks.recompute([ticket.pk])
    assert reloaded(ticket).due_at - reloaded(ticket).posted_at == timedelta(hours=5)
    assert figures(desk, ticket).overdue == 1
    assert ticket in overdue_view(desk)
    desk.reply(reloaded(ticket), "It was, sorry!")
    report = figures(desk, ticket)
    assert (report.answered, report.within, report.overdue) == (1, 0, 0)


def test_a_bounced_reply_is_no_first_reply_in_any_figure(desk):
    ticket = desk.ticket(mention(desk, "email", "How do I start?", author="bounceann@dead.example", to="community"))
    desk.reply(ticket, "You will never read this.")
    assert figures(desk, ticket).answered == 1
    for _ in range(2):
        desk.poll("email")
    report = figures(desk, ticket)
    assert (report.answered, report.median, reloaded(ticket).is_queued) == (0, None, True)
    desk.wait(days=2)
    assert figures(desk, ticket).overdue == 1


# --- spam, reported by users ------------------------------------------------------------------------------------------


def test_reported_spam_goes_to_abuse_with_board_and_time_and_its_reporter_is_thanked(desk):
    board = "https://gitlab.com/acme/community/-/issues"
    ticket = desk.ticket(mention(desk, "twitter", f"@acme spam all over your board {uuid4()}"))
    message = ticket.messages.get()
    applied = apply(desk, "Spam::They report spam", ticket, board=board)
    desk.reply(reloaded(ticket), applied.reply_text)
    (post,) = [m for m in desk.outside.truth("slack")["desk"] if board in m["text"]]
    assert f"{message.posted_at:%Y-%m-%d %H:%M} UTC" in post["text"]
    assert message.url in post["text"]
    assert reloaded(ticket).status == "solved"
    assert len(desk.posted("twitter", "Thank you for reporting")) == 1


# --- guidelines -------------------------------------------------------------------------------------------------------


def test_suggested_change_of_the_guidelines_is_heard_and_listed_until_somebody_makes_it(desk):
    ticket = desk.ticket(mention(desk, "twitter", f"@acme do you like AI? {uuid4()}"))
    apply(desk, "Guidelines::Suggest a change", ticket, change="Say what we think of AI.")
    desk.send_due()
    (post,) = [m for m in desk.outside.truth("slack")["desk"] if "Say what we think of AI." in m["text"]]
    assert post["channel"] == world.SLACK_CHANNELS["community-advocates"]
    assert f"/tickets/{ticket.pk}/" in post["text"]
    desk.poll("slack")
    assert not Message.objects.filter(text__contains="what we think of AI").exists()
    desk.reply(reloaded(ticket), "We do.")

    def listed():
        return set(view_tickets.tickets_in(View.objects.get(slug="guidelines-to-change"), desk.user(), desk.now()))

    assert ticket in listed()
    tagging.change(reloaded(ticket), [], ["guidelines-to-change"])
    assert ticket not in listed()


# --- our own tracker, and the way into HackerOne ----------------------------------------------------------------------


def test_issues_to_the_advocates_are_work_and_the_confidential_ones_for_the_team_only(desk):
    open_, hidden = (
        desk.outside.post("gitlab", text=text, author="ines", title=text, to="acme/general", **more)["id"]
        for text, more in (("Where is the style guide?", {}), ("A leak", {"confidential": True}))
    )
    desk.poll("gitlab")
    assert [desk.ticket(each).channel.slug for each in (open_, hidden)] == ["tracker-team", "tracker-team-confidential"]
    assert all(desk.ticket(each).is_queued for each in (open_, hidden))
    for name, sees in (("sam", {open_, hidden}), ("vera", {open_})):
        seen = access.visible_tickets(desk.user(name))
        assert {each for each in (open_, hidden) if seen.filter(pk=desk.ticket(each).pk).exists()} == sees, name
    reply = desk.reply(desk.ticket(hidden), "We rotate the token.")
    desk.poll("gitlab")
    assert (reply.state, desk.ticket(hidden).status) == ("sent", "solved")


def test_permissions_for_a_colleague_are_asked_for_where_the_admins_are_known(desk):
    ticket = desk.ticket(mention(desk, "hackerone", "Steps", author="hunter", title="A hole"))
    apply(desk, "Security::HackerOne permissions", ticket, colleague="Ines")
    desk.send_due()
    (post,) = [m for m in desk.outside.truth("slack")["desk"] if "Ines needs permissions" in m["text"]]
    assert post["channel"] == world.SLACK_CHANNELS["support"]
    assert "Sam Okafor" in post["text"]
    assert "Steps" not in post["text"]


# --- what the tables say ----------------------------------------------------------------------------------------------


def test_every_active_channel_of_the_preset_is_a_channel_of_the_desk_with_its_destination(desk):
    wanted = {row.values["slug"]: row.values for row in preset.rows(Company()) if row.kind == "channel"}
    there = {channel.slug: channel for channel in Channel.objects.all()}
    assert wanted.keys() <= there.keys()
    for slug, values in wanted.items():
        assert there[slug].to_queue == values["to_queue"], slug
        assert list(there[slug].slack_channels) == values["slack_channels"], slug
    assert not Outreach.objects.exists()
