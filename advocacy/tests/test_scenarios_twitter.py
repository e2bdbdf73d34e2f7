"""Twitter from the wire to the ticket and back, as `mission.md` requires, against the sandbox."""

import pytest
import requests

from advocacy.tests import scenario
from advocacy.tests.scenario import clocks_of
from channels.models import Channel, OutboundItem
from channels.outbox import outbox
from mentions.models import Message, MessageRevision, Reply, Ticket
from mentions.replies import handles, replies
from sandbox import world

desk, outside = scenario.desk, scenario.outside


def tweet(desk, text, author, **more):
    return desk.outside.post("twitter", text=text, author=author, **more)["id"]


def likes(desk, external_id):
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"{desk.outside.http_url}/twitter/2/tweets/{external_id}?tweet.fields=public_metrics",
            headers={"Authorization": f"Bearer {world.BEARER_TOKEN}"},
            timeout=20,
        )
    return answer.json()["data"]["public_metrics"]["like_count"]


def by_us(desk, external_id, who, text):
    return desk.outside.control("answer", platform="twitter", id=external_id, text=text, **{"as": who})["id"]


def change(desk, external_id, text):
    return desk.outside.control("edit", platform="twitter", id=external_id, text=text)["id"]


def delete(desk, external_id):
    desk.outside.control("delete", platform="twitter", id=external_id)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("@acmestatus @movingtoacme @acme how do I import my wiki?", "acme"),
        ("@movingtoacme @acme @acmestatus is the site down?", "acmestatus"),
    ],
)
def test_tweet_that_names_three_handles_is_one_ticket_of_the_main_one(desk, text, answers):
    first = tweet(desk, text, f"three_{answers}")
    desk.poll("twitter")
    ticket = desk.ticket(first)
    assert Ticket.objects.filter(requester=ticket.requester).count() == 1
    assert ticket.messages.count() == 1
    assert desk.seen_by(first) == {"twitter-acme", "twitter-acmestatus", "twitter-movingtoacme"}
    assert desk.message(first).channel.slug == ticket.channel.slug == "twitter-acme"
    assert handles.suggest(ticket, desk.message(first)).address == answers


def test_primary_channel_follows_rank_whichever_handle_is_seen_first(desk):
    first = tweet(desk, "@acmestatus who can tell me about the importer?", "later_main")
    desk.poll("twitter")
    assert desk.ticket(first).channel.slug == "twitter-acmestatus"
    assert handles.suggest(desk.ticket(first), desk.message(first)).address == "acme"
    change(desk, first, "@acmestatus @acme who can tell me about the importer?")
    desk.poll("twitter")
    assert desk.ticket(first).channel.slug == desk.message(first).channel.slug == "twitter-acme"
    assert desk.seen_by(first) == {"twitter-acme", "twitter-acmestatus"}


def test_follow_up_reopens_the_ticket_and_a_bystander_does_not(desk):
    first = tweet(desk, "@acme can I mirror a repository?", "asker_one")
    desk.poll("twitter")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "You can, see the docs.")
    assert reply.state == Reply.State.SENT
    ours = reply.message.external_id
    aside = tweet(desk, "Same here, works fine for me.", "bystander_one", reply_to=ours)
    desk.poll("twitter")
    desk.read_threads()
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert desk.message(aside).ticket_id != ticket.pk
    again = tweet(desk, "Thanks, and in both directions?", "asker_one", reply_to=ours)
    desk.poll("twitter")
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert desk.message(again).ticket_id == ticket.pk
    assert ticket.queued_at == desk.message(again).posted_at


def test_bystander_who_names_nobody_is_context(desk):
    first = tweet(desk, "@acme does the runner work on ARM?", "asker_arm")
    desk.poll("twitter")
    ours = desk.reply(desk.ticket(first), "It does.", after="pending").message.external_id
    aside = tweet(desk, "I would not count on it", "bystander_arm", reply_to=ours)
    # A reply mentions everybody before it; without the mentions, only the thread shows that it is a reply.
    change(desk, aside, "I would not count on that at all")
    desk.poll("twitter")
    desk.read_threads()
    assert desk.is_context(aside)
    assert not desk.has(aside)
    assert desk.ticket(first).messages.count() == 2


@pytest.mark.parametrize("is_reply", [False, True], ids=["root", "reply"])
def test_edited_tweet_is_the_same_message_and_is_answered_under_its_newest_id(desk, is_reply):
    about = {"reply_to": tweet(desk, "a thread about something", "host_of_edits")} if is_reply else {}
    first = tweet(desk, "@acme does it wrok?", f"editor_{is_reply}", **about)
    desk.poll("twitter")
    ticket = desk.ticket(first)
    newest = change(desk, first, "@acme does it work?")
    desk.poll("twitter")
    desk.read_threads()
    message = desk.message(first)
    assert not desk.has(newest)
    assert message.text.endswith("does it work?")
    assert [old.text.endswith("does it wrok?") for old in message.revisions.all()] == [True]
    assert message.ticket_id == ticket.pk
    assert ticket.messages.count() == 1
    reply = desk.reply(ticket, f"It does work ({is_reply}).")
    assert reply.state == Reply.State.SENT, reply.error
    assert [post["in_reply_to"] for post in desk.posted("twitter", reply.text)] == [newest]
    follow_up = tweet(desk, "Great!", f"editor_{is_reply}", reply_to=reply.message.external_id)
    desk.poll("twitter")
    assert desk.message(follow_up).ticket_id == ticket.pk


@pytest.mark.parametrize("is_reply", [False, True], ids=["root", "reply"])
def test_deleted_tweet_is_shown_as_such_and_keeps_its_text(desk, client, is_reply):
    about = {"reply_to": tweet(desk, "another thread", "host_of_deletions")} if is_reply else {}
    first = tweet(desk, "@acme I should not have said this", f"regrets_{is_reply}", **about)
    desk.poll("twitter")
    desk.read_threads()
    delete(desk, first)
    desk.read_threads()
    message = desk.message(first)
    assert message.is_deleted
    assert "should not have said this" in message.text
    client.force_login(desk.user())
    page = client.get(f"/tickets/{message.ticket_id}/").content.decode()
    assert "deleted on the platform" in page
    assert "should not have said this" in page


def test_mention_deleted_before_its_thread_was_read_at_all_is_shown_as_deleted(desk):
    host = tweet(desk, "a long thread", "host_of_haste")
    first = tweet(desk, "@acme gone in a minute", "hasty", reply_to=host)
    desk.poll("twitter")
    delete(desk, first)
    desk.read_threads()
    assert desk.message(first).is_deleted


def test_retweet_makes_nothing(desk):
    first = tweet(desk, "@acme your docs are great", "fan_zero")
    again = desk.outside.control("retweet", platform="twitter", id=first, author="fan_one")["id"]
    desk.poll("twitter")
    desk.read_threads()
    assert desk.has(first)
    assert not desk.has(again)
    assert not desk.is_context(again)


@pytest.mark.parametrize("who", ["acme", "acmesupport", "maria", "nadia"])
@pytest.mark.parametrize("comes_first", [False, True], ids=["later", "before_the_mention"])
def test_answer_written_on_the_platform_stops_the_clock_and_is_no_work(desk, who, comes_first):
    author = f"outsider_{who}_{comes_first}"
    first = tweet(desk, "@acme which plan do I need?", author)
    if not comes_first:
        desk.poll("twitter")
        assert desk.ticket(first).status == "new"
    ours = by_us(desk, first, who, "The small one will do.")
    desk.poll("twitter")
    desk.read_threads()
    ticket, answer = desk.ticket(first), desk.message(ours)
    assert (answer.direction, answer.ticket_id) == ("team", ticket.pk)
    assert (ticket.status, ticket.is_queued) == ("solved", False)
    assert ticket.first_reply_at == answer.posted_at == ticket.solved_at
    assert ticket.due_at is None
    assert Ticket.objects.filter(requester=answer.author).count() == 0


def test_answer_that_is_ingested_before_its_mention_finds_it_later(desk):
    """The search finds our answer first, the mention itself is read later."""
    first = tweet(desk, "@acmesupport where is my invoice?", "late_mention")
    ours = by_us(desk, first, "lee", "Under billing.")
    Channel.objects.filter(slug__in=("twitter-acmesupport", "twitter-acme", "twitter-direct")).update(is_active=False)
    desk.poll("twitter")
    assert not desk.has(first)
    Channel.objects.update(is_active=True)
    desk.poll("twitter")
    assert desk.message(ours).ticket_id == desk.ticket(first).pk
    assert desk.ticket(first).first_reply_at == desk.message(ours).posted_at


def test_reply_goes_once_under_the_latest_tweet_and_its_own_post_is_the_same_message(desk):
    first = tweet(desk, "@acme how do I cache?", "two_tweets")
    latest = tweet(desk, "In monorepos, that is.", "two_tweets", reply_to=first)
    desk.poll("twitter")
    ticket = desk.ticket(first)
    assert desk.message(latest).ticket_id == ticket.pk
    reply = desk.reply(ticket, "With the key of the lock file: https://docs.acme.example/cache")
    assert [post["in_reply_to"] for post in desk.posted("twitter", "key of the lock file")] == [latest]
    message = reply.message
    assert message.direction == "team"
    for _ in range(2):
        desk.poll("twitter")
        desk.read_threads()
    assert desk.message(message.external_id).pk == message.pk
    assert Message.objects.filter(ticket=ticket, direction="team").count() == 1
    message.refresh_from_db()
    assert message.item_id is not None
    assert not message.revisions.exists()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.first_reply_message_id) == ("solved", message.pk)


def test_own_post_that_is_polled_before_the_receipt_is_the_same_message(desk):
    first = tweet(desk, "@acme is there an API?", "no_receipt")
    desk.poll("twitter")
    ticket = desk.ticket(first)
    desk.outside.control("faults", platform="twitter", kind="drop_after_accept", count=1)
    reply = desk.reply(ticket, "There is, version 4.")
    assert reply.state == Reply.State.UNCERTAIN
    desk.read_threads()
    desk.poll("twitter")
    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert reply.message.ticket_id == ticket.pk
    desk.recover(minutes=10)
    desk.recover(minutes=10)
    assert len(desk.posted("twitter", "There is, version 4.")) == 1
    assert Message.objects.filter(ticket=ticket, direction="team").count() == 1
    ticket.refresh_from_db()
    assert ticket.first_reply_at == reply.message.posted_at
    assert ticket.status == "solved"


def test_uncertain_reply_is_found_by_looking_and_never_posted_twice(desk):
    first = tweet(desk, "@acme is there a CLI?", "no_receipt_either")
    desk.poll("twitter")
    desk.outside.control("faults", platform="twitter", kind="drop_after_accept", count=1)
    reply = desk.reply(desk.ticket(first), "There is a CLI.")
    assert reply.state == Reply.State.UNCERTAIN
    desk.recover(seconds=95)
    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    desk.poll("twitter")
    desk.read_threads()
    assert len(desk.posted("twitter", "There is a CLI.")) == 1
    assert Message.objects.filter(ticket=reply.ticket, direction="team").count() == 1


def test_reply_deleted_from_the_desk_is_gone_there_and_out_of_the_clock(desk):
    first = tweet(desk, "@acme what is the limit?", "wrong_answer")
    desk.poll("twitter")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "There is no limit at all.")
    replies.delete_posted(reply.pk, desk.user(), desk.now())
    desk.send_due()
    reply.refresh_from_db()
    ticket.refresh_from_db()
    assert reply.state == Reply.State.DELETED
    assert (ticket.status, ticket.is_queued, ticket.solved_at) == ("open", True, None)
    assert desk.truth("twitter", "desk", reply.message.external_id)["deleted"]
    assert ticket.first_reply_at is None
    assert ticket.due_at is not None
    assert desk.message(reply.message.external_id).is_deleted
    desk.poll("twitter")
    desk.read_threads()
    ticket.refresh_from_db()
    assert ticket.first_reply_at is None
    assert clocks_of(ticket).due_at == ticket.due_at


def test_reply_deleted_on_the_platform_is_taken_out_of_the_clock_too(desk):
    first = tweet(desk, "@acme is it free?", "deleted_there")
    desk.poll("twitter")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "All of it is free.")
    desk.read_threads()
    delete(desk, reply.message.external_id)
    desk.read_threads()
    ticket.refresh_from_db()
    assert desk.message(reply.message.external_id).is_deleted
    assert ticket.first_reply_at is None
    assert (ticket.status, ticket.is_queued) == ("open", True)


def test_tweet_edited_within_the_undo_window_stops_the_reply(desk):
    first = tweet(desk, "@acme is it yes or no?", "changes_mind")
    desk.poll("twitter")
    reply = desk.write(desk.ticket(first), "Yes.")
    change(desk, first, "@acme is it no or yes?")
    desk.poll("twitter")
    desk.send()
    reply.refresh_from_db()
    assert reply.state == Reply.State.BLOCKED
    assert desk.posted("twitter", "Yes.") == []
    assert desk.ticket(first).status == "open"


def test_one_of_two_answers_that_is_deleted_leaves_the_ticket_answered(desk):
    first = tweet(desk, "@acme is it open source?", "answered_twice")
    desk.poll("twitter")
    mistaken = desk.reply(desk.ticket(first), "It is open scource.", after="open")
    right = desk.reply(desk.ticket(first), "It is open source.")
    replies.delete_posted(mistaken.pk, desk.user(), desk.now())
    desk.send_due()
    ticket = desk.ticket(first)
    assert (ticket.status, ticket.first_reply_at) == ("solved", right.message.posted_at)


def test_answer_to_an_update_of_the_status_handle_comes_from_it(desk):
    update = tweet(desk, "We are back.", "acmestatus")
    thanks = tweet(desk, "Thank you for the quick fix!", "relieved", reply_to=update)
    other = tweet(desk, "@acmestatus I like your logo", "unrelated")
    desk.poll("twitter")
    desk.read_threads()
    assert handles.suggest(desk.ticket(thanks), desk.message(thanks)).address == "acmestatus"
    assert handles.suggest(desk.ticket(other), desk.message(other)).address == "acme"
    assert desk.message(update).direction == "team"
    assert desk.ticket(thanks).first_reply_at is None


def test_known_tweets_store_no_revision_however_they_are_read(desk):
    """The mentions of a handle, the search, a conversation and a lookup return the same tweet."""
    desk.outside.control("bulk", count=60, platforms=["twitter"], seed=3)
    long = tweet(
        desk, "@acme @acmesupport " + "a long story & <more> of it https://example.org/a?b=c&d=e " * 8, "talker"
    )
    tweet(desk, "and on it goes https://example.org/x", "talker", reply_to=long)
    desk.poll("twitter")
    desk.read_threads()
    desk.read_threads()
    for _ in range(3):
        assert desk.poll("twitter") == 0
        assert desk.read_threads() == 0
    assert not MessageRevision.objects.filter(message__author__handle="talker").exists()
    assert scenario.wrong_clocks(Ticket.objects.all()) == []


def test_like_is_on_the_platform_once(desk):
    first = tweet(desk, "@acme you are great", "praises")
    desk.poll("twitter")
    for _ in range(2):
        outbox.enqueue(
            key="0b8f3c2e-0000-4000-8000-00000000a001",
            kind=OutboundItem.Kind.LIKE,
            connection_id=desk.ticket(first).channel.connection_id,
            conversation="likes",
            payload={"external_id": first},
            not_before=desk.now(),
        )
        desk.send_due()
    assert OutboundItem.objects.get(kind="like").state == "sent"
    assert likes(desk, first) == 1
    desk.poll("twitter")
    desk.read_threads()
    assert desk.message(first).revisions.count() == 0


def test_reply_longer_than_the_platform_counts_is_refused_with_words(desk):
    first = tweet(desk, "@acme 日本語で答えて", "weighs")
    desk.poll("twitter")
    ticket = desk.ticket(first)
    with pytest.raises(replies.ReplyRefused, match="2 characters too long"):
        desk.write(ticket, "日" * 141)
    assert desk.reply(ticket, "日" * 140).state == Reply.State.SENT
