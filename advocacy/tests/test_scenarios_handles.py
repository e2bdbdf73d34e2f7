"""Twitter handles and direct messages as in the handbook, against the sandbox: each loop to its final state, without a
click after the first action."""

import uuid

import pytest

from advocacy.tests import scenario
from channels.adapters.twitter import client, direct_messages
from channels.models import Channel
from mentions.incidents import incidents
from mentions.macros import macros
from mentions.models import AudienceLimit, EventKind, Macro, Message, Notice, Reply, Ticket
from mentions.people import access
from mentions.queue import claims
from mentions.replies import handles
from mentions.replies.replies import ReplyRefused
from mentions.search import reusing

desk, outside = scenario.desk, scenario.outside


@pytest.fixture(autouse=True)
def _read_at_once(desk, monkeypatch):
    """The sandbox counts requests as Twitter does; a real desk's pace would make the tests wait for a minute."""
    monkeypatch.setattr(direct_messages, "EVERY_S", 0)
    desk.outside.control("quotas/renew")


def tweet(desk, text, author, **more):
    return desk.outside.post("twitter", text=text, author=author, **more)["id"]


def channel(slug):
    return Channel.objects.get(slug=slug)


def tweeted_ticket(desk, text, author, **more):
    first = tweet(desk, text, author, **more)
    desk.poll("twitter")
    return desk.ticket(first)


# --- wrong handle ---------------------------------------------------------------------------------------------------


def test_answer_from_the_wrong_handle_is_noted_and_the_follow_up_comes_from_the_right_one(desk):
    ticket = tweeted_ticket(desk, "@acme what does the team plan cost?", "price_asker")
    wrong = desk.reply(ticket, "It depends on the seats.", channel=channel("twitter-movingtoacme"))
    assert wrong.state == Reply.State.SENT, wrong.error
    assert ticket.notes.get().text.startswith("Wrong handle: answered from @movingtoacme instead of @acme.")
    again = tweet(desk, "Ten seats then.", "price_asker", reply_to=wrong.message.external_id)
    desk.poll("twitter")
    desk.read_threads()
    ticket.refresh_from_db()
    assert ticket.status == "open"
    found = handles.advise(ticket, desk.message(again), handles.choices(ticket, desk.user()))
    assert found.channel.slug == "twitter-acme"
    assert "went out from @movingtoacme" in found.why
    right = desk.reply(ticket, "Ten seats are 190 a month.", channel=found.channel)
    assert right.state == Reply.State.SENT
    assert ticket.notes.count() == 1


def test_answer_from_a_wrong_handle_outside_the_desk_is_noted_too(desk):
    ticket = tweeted_ticket(desk, "@acme is there a plan for schools?", "teacher")
    asked_id = ticket.messages.get().external_id
    desk.outside.control(
        "answer", platform="twitter", id=asked_id, text="There is, see our site.", **{"as": "movingtoacme"}
    )
    desk.poll("twitter")
    desk.read_threads()
    assert ticket.notes.get().author is None
    assert ticket.events.filter(kind=EventKind.WRONG_HANDLE, data__used="@movingtoacme").count() == 1


def test_status_handle_answers_no_price_question_and_says_who_does(desk):
    ticket = tweeted_ticket(desk, "@acmestatus what does the team plan cost?", "lost_asker")
    assert ticket.events.filter(kind=EventKind.WRONG_HANDLE, data__right="@acme").count() == 1
    with pytest.raises(ReplyRefused, match="Reply from @acme instead"):
        desk.write(ticket, "190 a month.", channel=channel("twitter-acmestatus"))
    claims.release(ticket.pk, desk.user(), Ticket.objects.get(pk=ticket.pk).claim_token, desk.now())
    with pytest.raises(ReplyRefused, match="@acmestatus"):
        desk.write(ticket, "190 a month.", by="vera", channel=channel("twitter-acmestatus"))
    assert not Reply.objects.exists()


# --- moving to us ---------------------------------------------------------------------------------------------------


def test_hashtag_is_searched_and_lands_with_its_handle(desk):
    ticket = tweeted_ticket(desk, "Packed my repositories today #movingtoacme", "new_user")
    assert ticket.channel.slug == "twitter-movingtoacme"
    assert handles.suggest(ticket, ticket.messages.get()).slug == "twitter-movingtoacme"


def test_tweet_of_somebody_who_moved_is_highlighted_from_its_handle(desk, client):
    ticket = tweeted_ticket(desk, "We are all here now, @movingtoacme", "happy_mover")
    message = ticket.messages.get()
    client.force_login(desk.user())
    page = client.get(f"/post/?quote={message.pk}").content.decode()
    assert f"{message.url}</textarea>" in page
    assert f'value="{channel("twitter-movingtoacme").pk}" selected' in page
    data = {"key": str(uuid.uuid4()), "channel": channel("twitter-movingtoacme").pk, "text": f"Welcome! {message.url}"}
    client.post("/post/", {**data, "confirmed": "yes"})
    desk.wait(seconds=15)
    desk.send_due()
    assert [post["author"] for post in desk.posted("twitter", "Welcome!")] == ["movingtoacme"]


# --- direct messages ------------------------------------------------------------------------------------------------


def direct(desk, text, author, to="acme"):
    return desk.outside.post("twitter", text=text, author=author, dm_to=to)["id"]


def wrote_first(desk, author):
    """A ticket of a tweet to whose author we have sent a direct message."""
    ticket = tweeted_ticket(desk, "@acme my stickers never came", author)
    reply = desk.reply(ticket, "Where shall we send them?", channel=channel("twitter-direct"), after="pending")
    assert reply.state == Reply.State.SENT, reply.error
    return ticket, reply


def test_private_address_comes_back_to_the_ticket_of_the_tweet_and_stays_private(desk):
    ticket, reply = wrote_first(desk, "no_stickers")
    posted = desk.posted("twitter", "Where shall we send them")
    assert [post["to"] for post in posted].count("no_stickers") == 1
    came = direct(desk, "1 Long Street, Springfield", "no_stickers")
    desk.poll("twitter")
    ticket.refresh_from_db()
    message = desk.message(came)
    assert message.ticket_id == ticket.pk
    assert ticket.status == "open"
    assert Message.objects.filter(external_id=reply.message.external_id).count() == 1
    # Private: for fewer people, in no Slack channel, in no answer to somebody else, and never answered in public.
    assert AudienceLimit.objects.filter(ticket=ticket).exists()
    assert access.visible_tickets(desk.user("sam")).filter(pk=ticket.pk).exists()
    assert not access.visible_tickets(desk.user("vera")).filter(pk=ticket.pk).exists()
    assert not Notice.objects.filter(message=message).exists()
    assert reusing.is_private(ticket)
    with pytest.raises(ReplyRefused, match="cannot be answered in public"):
        desk.write(ticket, "On its way to Springfield!", channel=channel("twitter-acme"))
    thanks = desk.reply(ticket, "On its way!", channel=handles.suggest(ticket, message))
    assert thanks.state == Reply.State.SENT
    assert thanks.message.thread_id == message.thread_id
    desk.poll("twitter")
    assert ticket.messages.count() == 4


def test_public_invitation_leads_their_message_here(desk):
    tweet_id = tweet(desk, "@acme my invoice is wrong", "invoiced")
    desk.poll("twitter")
    ticket = desk.ticket(tweet_id)
    desk.outside.post("twitter", text="hello", author="acme", dm_to="invoiced")  # somebody opened it in the app
    desk.reply(ticket, "Sorry! Could you send us a DM with the number?", after="pending")
    came = direct(desk, "It is number 4711.", "invoiced")
    desk.poll("twitter")
    assert desk.message(came).ticket_id == ticket.pk


def test_message_of_ours_from_the_app_answers_the_ticket(desk):
    ticket, _reply = wrote_first(desk, "app_reader")
    direct(desk, "2 Short Street", "app_reader")
    desk.poll("twitter")
    ours = desk.outside.post("twitter", text="Thank you, noted.", author="acme", dm_to="app_reader")["id"]
    desk.poll("twitter")
    message = desk.message(ours)
    assert (message.ticket_id, message.direction) == (ticket.pk, "team")


def test_person_who_takes_no_messages_is_said_so_and_the_text_is_kept(desk):
    ticket = tweeted_ticket(desk, "@acme where are my stickers?", "closed_one", dm_closed=True)
    reply = desk.reply(ticket, "Where shall we send them?", channel=channel("twitter-direct"), after="pending")
    assert reply.state == Reply.State.FAILED
    assert client.CLOSED in reply.error
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert ticket.drafts.get().text == "Where shall we send them?"


def test_undone_message_is_never_sent(desk):
    from mentions.replies import replies

    ticket = tweeted_ticket(desk, "@acme a private matter", "shy")
    reply = desk.write(ticket, "Tell us here.", channel=channel("twitter-direct"))
    replies.undo(reply.pk, desk.user(), desk.now())
    desk.send()
    assert desk.posted("twitter", "Tell us here.") == []


def test_uncertain_message_is_found_by_looking_and_never_sent_twice(desk):
    ticket = tweeted_ticket(desk, "@acme about my account", "unlucky")
    desk.outside.control("faults", platform="twitter", kind="drop_after_accept", count=1)
    reply = desk.reply(ticket, "Which account is it?", channel=channel("twitter-direct"))
    assert reply.state in (Reply.State.UNCERTAIN, Reply.State.QUEUED)
    desk.recover(minutes=5)
    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert len(desk.posted("twitter", "Which account is it?")) == 1


def test_longer_than_a_tweet_is_fine_in_private(desk):
    ticket = tweeted_ticket(desk, "@acme how do I move?", "long_reader")
    with pytest.raises(ReplyRefused, match="too long"):
        desk.write(ticket, "word " * 100)
    token = Ticket.objects.get(pk=ticket.pk).claim_token
    claims.release(ticket.pk, desk.user(), token, desk.now())
    assert desk.reply(ticket, "word " * 100, channel=channel("twitter-direct")).state == Reply.State.SENT


# --- likes ----------------------------------------------------------------------------------------------------------


def test_macro_that_says_it_likes_does(desk):
    ticket = tweeted_ticket(desk, "@acme you are the best", "fan_of_us")
    now = desk.now()
    token = claims.claim(desk.user(), ticket.pk, now).claim_token
    macros.apply(Macro.objects.get(name="Thanks::Praise"), ticket.pk, desk.user(), token, now=now)
    desk.send_due()
    from channels.models import OutboundItem

    assert list(OutboundItem.objects.filter(kind="like").values_list("state", flat=True)) == ["sent"]


# --- incidents ------------------------------------------------------------------------------------------------------


def test_incident_is_open_with_the_last_status_posts_until_it_is_resolved(desk):
    text = "We are looking into errors on pushes."
    said = {"headline": "Pushes fail", "title": "Pushes fail", "about": "outage", "status": "investigating"}
    first = desk.outside.post("statuspage", kind="outage", text=text, **said)["id"]
    tweet(desk, "Pushes fail for some. We are on it.", "acmestatus")
    desk.poll("twitter")
    desk.poll("statuspage")
    (found,) = [each for each in incidents.open_incidents(desk.now()) if each.title == "Pushes fail"]
    assert text in found.said
    assert found.posts[0].text == "Pushes fail for some. We are on it."
    assert incidents.status_page_url(desk.now()) == found.url
    desk.outside.post("statuspage", reply_to=first, status="resolved", text="All is well again.")
    desk.poll("statuspage")
    assert [each for each in incidents.open_incidents(desk.now()) if each.title == "Pushes fail"] == []
    assert not Ticket.objects.filter(channel__connection__platform="statuspage").exists()
