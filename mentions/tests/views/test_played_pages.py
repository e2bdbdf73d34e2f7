"""What ticket pages say about themselves, and that actions in play mode stay in play mode."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from mentions.macros import macros
from mentions.models import Macro, Message, Reply, Ticket
from mentions.queue import claims
from mentions.replies import drafts, replies
from mentions.tests.factories import (
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    UserFactory,
    ViewFactory,
)
from mentions.tests.replying import submit, twitter_ticket
from mentions.triage import outcomes
from mentions.views.ticket import sidebar

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate", username="sam")


@pytest.fixture
def client(client, sam):
    client.force_login(sam)
    return client


@pytest.fixture
def view():
    return ViewFactory(name="Tweets", slug="tweets", filters={})


def why(client, path):
    page = client.get(path).content.decode()
    return page.split("Why this ticket</h2><p>")[1].split("</p>")[0]


def test_why_says_oldest_only_of_what_play_picked_as_the_oldest(client, sam, view):
    ticket = MessageFactory().ticket
    assert why(client, "/play/tweets/") == "oldest in Tweets"
    assert why(client, "/play/tweets/") == "oldest in Tweets"
    assert why(client, "/play/") == "you already hold it. Finish or hand it back to continue with the queue."
    assert why(client, reverse("mentions:ticket", args=[ticket.pk])) == "you claimed it"


def test_why_does_not_call_the_oldest_what_was_taken_from_a_list(client, sam, view):
    old, young = MessageFactory().ticket, MessageFactory().ticket
    Ticket.objects.filter(pk=old.pk).update(queued_at=timezone.now() - timedelta(days=1))
    claims.claim(sam, young.pk, timezone.now())
    for path in ("/play/", "/play/tweets/"):
        assert why(client, path).startswith("you already hold it.")


def test_why_says_of_ones_own_that_it_is_ones_own(client, sam, view):
    old, mine = MessageFactory().ticket, MessageFactory().ticket
    Ticket.objects.filter(pk=old.pk).update(queued_at=timezone.now() - timedelta(days=1))
    Ticket.objects.filter(pk=mine.pk).update(assignee=sam)
    assert why(client, "/play/tweets/") == "assigned to you: your tickets come first"


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/queue/tweets/", "/play/tweets/"),
        ("/play/tweets/", "/play/tweets/"),
        ("/play/", "/play/"),
        ("/queue/done/", None),
    ],
)
def test_playing_by_key_plays_the_view_that_is_on_screen(client, view, path, leads):
    ViewFactory(name="Done", slug="done", filters={"statuses": ["solved"]})
    MessageFactory()
    page = client.get(path).content.decode()
    assert (f'data-play="{leads}"' in page) if leads else ("data-play" not in page)


def test_an_empty_view_is_played_again_by_key(client, view):
    assert 'data-play="/play/tweets/"' in client.get("/play/tweets/").content.decode()


@pytest.fixture
def played(client, view):
    """A Twitter ticket on sam's screen, in play mode."""
    ticket = twitter_ticket()
    client.get("/play/tweets/")
    ticket.refresh_from_db()
    return ticket


def test_deleting_a_posted_reply_stays_in_play(client, sam, played):
    message = MessageFactory(ticket=played, namespace="twitter", direction=Message.Direction.TEAM)
    reply = Reply.objects.create(
        ticket=played,
        author=sam,
        channel=played.channel,
        text="x",
        key="0" * 32,
        state="sent",
        message=message,
        guard_message_id=1,
        send_at=timezone.now(),
        created_at=timezone.now(),
    )
    assert sam.has_perm("mentions.delete_reply")
    assert client.post(reverse("mentions:delete_reply", args=[reply.pk])).url == "/play/tweets/"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("share", {"channel": "#mentions", "text": "Look", "key": "1" * 32}),
        ("like", {"message": "0", "token": "stale"}),
        ("hand-back", {"note": ""}),
    ],
)
def test_what_is_done_beside_the_answer_stays_in_play(client, played, name, form):
    route = ("mentions:leave", [played.pk, name]) if name == "hand-back" else (f"mentions:{name}", [played.pk])
    assert client.post(reverse(route[0], args=route[1]), form).url == "/play/tweets/"


def test_pages_beside_lead_back_into_play(client, played):
    for name in ("share", "links"):
        assert 'href="/play/tweets/"' in client.get(reverse(f"mentions:{name}", args=[played.pk])).content.decode()


def test_a_split_in_play_stays_with_the_ticket_on_screen(client, sam, played):
    claims.release(played.pk, sam, played.claim_token, timezone.now())
    client.force_login(UserFactory(role="admin"))
    client.get("/play/tweets/")
    more = MessageFactory(ticket=played, namespace="twitter", thread_id="t2")
    answer = client.post(reverse("mentions:split", args=[played.pk]), {"message": more.pk})
    assert Ticket.objects.filter(messages=more).exclude(pk=played.pk).exists()
    assert answer.url == "/play/tweets/"


def test_leaving_play_forgets_the_view(client, played):
    client.post(reverse("mentions:leave", args=[played.pk, "release"]), {"token": str(played.claim_token)})
    assert "played_view" not in client.session


def test_a_macro_applied_is_named_in_the_history(client, sam, played):
    macro = Macro.objects.create(name="Thanks::Praise", actions=[{"do": "tag", "tags": ["praise"]}])
    macros.apply(macro, played.pk, sam, played.claim_token, now=timezone.now())
    page = client.get(reverse("mentions:ticket", args=[played.pk])).content.decode()
    assert "applied “Thanks::Praise”" in page
    assert f"applied “{macro.pk}”" not in page


def test_what_a_macro_makes_of_the_ticket_is_on_the_first_button(client, sam, played):
    page = client.get("/play/tweets/").content.decode()
    assert 'value="solved" data-send="default"' in page
    drafts.give_back(played.pk, sam, "Which version?", timezone.now(), "pending")
    page = client.get("/play/tweets/").content.decode()
    assert 'value="pending" data-send="default">Reply &amp; pending <kbd>⌃⏎</kbd>' in page
    assert 'value="solved" data-send="other">Reply &amp; solve <kbd>⌃⇧⏎</kbd>' in page
    assert "The macro sets the ticket to <strong>pending</strong>" in page


def test_only_where_the_platform_deletes_the_page_offers_it(client, sam):
    admin = UserFactory(role="admin")
    client.force_login(admin)
    for platform, offers in (("email", False), ("twitter", True)):
        channel = ChannelFactory(connection=ConnectionFactory(platform=platform), address="community@acme.example")
        ticket = MessageFactory(ticket__channel=channel, channel=channel, namespace=platform).ticket
        message = MessageFactory(ticket=ticket, channel=channel, namespace=platform, direction="team")
        values = {"key": uuid4(), "ticket": ticket, "author": sam, "channel": channel, "text": "x", "message": message}
        now = timezone.now()
        Reply.objects.create(**values, state="sent", guard_message_id=1, send_at=now, created_at=now)
        page = client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
        assert ("Delete on the platform" in page) is offers, platform


@pytest.mark.parametrize("status", ["solved", "closed"])
def test_nothing_is_due_on_what_is_over(client, status):
    due = timezone.now() + timedelta(hours=2)
    ticket = MessageFactory(ticket__status=status, ticket__due_at=due).ticket
    Ticket.objects.filter(pk=ticket.pk).update(due_at=due, status=status)
    assert 'data-time="due"' not in client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    ViewFactory(name="Over", slug="over", filters={"statuses": [status]})
    page = client.get("/queue/over/").content.decode()
    assert f'data-id="{ticket.pk}"' in page
    assert 'data-time="due"' not in page


@pytest.mark.parametrize(
    ("author", "subject", "heading"),
    [
        ({"name": "Jane D.", "handle": "jane"}, "A story", "Jane D."),
        ({"name": "", "handle": "jane"}, "A story", "jane"),
        ({"name": "", "handle": ""}, "A story", "A story"),
        ({"name": "", "handle": "", "external_id": "blog.example"}, "", "blog.example"),
        ({"name": "", "handle": "", "external_id": ""}, "", None),
    ],
)
def test_no_heading_and_no_name_is_ever_empty(client, author, subject, heading):
    requester = AuthorFactory(namespace="manual", **author)
    ticket = MessageFactory(ticket__requester=requester, ticket__subject=subject, author=requester).ticket
    page = client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    assert f'<h1 dir="auto">{heading or f"#{ticket.pk}"}</h1>' in page
    assert '"></a>' not in page.replace(' class="brand"', "")


def count(sam, client):
    page = client.get("/play/").content.decode()
    shown = int(page.split("done today ")[1].split("<")[0]) if "done today" in page else None
    number = sidebar.done_today(sam, timezone.now())
    assert shown in (None, number)
    return number


def test_done_today_counts_what_lasted(client, sam):
    now = timezone.now()
    replied, solved, kept = twitter_ticket(), MessageFactory().ticket, MessageFactory().ticket
    reply = submit(replied, sam, now=now)
    claims.claim(sam, solved.pk, now)
    event = outcomes.no_reply_needed(solved.pk, sam, None, reason="spam", now=now)
    assert sidebar.done_today(sam, now) == 2
    replies.undo(reply.pk, sam, now)
    assert sidebar.done_today(sam, now) == 1
    claims.release(replied.pk, sam, Ticket.objects.get(pk=replied.pk).claim_token, now)
    outcomes.undo(event.pk, sam, now)
    assert sidebar.done_today(sam, now) == 0
    claims.release(solved.pk, sam, Ticket.objects.get(pk=solved.pk).claim_token, now)
    outcomes.no_reply_needed(kept.pk, sam, None, reason="spam", now=now)
    assert sidebar.done_today(sam, now) == 1
    macro = Macro(name="Solves", actions=[{"do": "no_reply", "reason": "spam"}])
    macros.apply(macro, solved.pk, sam, None, now=now)
    assert count(sam, client) == 2
