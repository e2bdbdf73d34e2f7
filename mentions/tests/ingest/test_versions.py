"""Edits, deletions, and two emails with the same id."""

from datetime import timedelta
from itertools import permutations

import pytest

from mentions.models import Event, Message, MessageAlias, MessageRevision, Sighting, Ticket
from mentions.tests.factories import NOON
from mentions.tests.platforms import connection_with, ingest, said

pytestmark = pytest.mark.django_db


def hours(n):
    return NOON + timedelta(hours=n)


def test_edit_keeps_the_old_text(forum):
    ingest(forum, [said("1", text="befor")])
    ingest(forum, [said("1", text="before")], minutes=90)
    message = Message.objects.get()
    assert (message.text, message.edited_at is not None) == ("before", True)
    assert message.revisions.get().text == "befor"
    assert list(Event.objects.filter(kind="edited").values_list("data__message", flat=True)) == [message.pk]


def test_other_markup_around_the_same_words_is_no_edit(forum):
    ingest(forum, [said("1", text="same", html="<p>same")])
    ingest(forum, [said("1", text="same", html="<p>same</p>")], minutes=90)
    assert Message.objects.get().edited_at is None
    assert not MessageRevision.objects.exists()


def test_older_fetch_of_another_connection_overwrites_nothing(forum):
    other = connection_with("testforum")
    ingest(forum, [said("1", text="new")], minutes=90)
    ingest(other, [said("1", text="old")], minutes=60)
    message = Message.objects.get()
    assert message.text == "new"
    assert message.revisions.get().text == "old"


def tweet_versions():
    """One tweet edited twice: every version is a separate item, and a root's conversation id changes with it."""
    texts = ["furst", "frist", "first"]
    return [
        said(
            "1",
            "ann",
            item=str(n + 1),
            thread=str(n + 1),
            text=text,
            aliases=[str(k) for k in range(2, n + 2)],
            reply_to_id=str(n + 1) if n else None,
            edited_at=hours(n / 10).isoformat() if n else None,
        )
        for n, text in enumerate(texts)
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
def test_versions_of_an_edited_tweet_are_one_message_in_any_order(forum, order, together):
    versions = [tweet_versions()[n] for n in order]
    for some in [versions] if together else [[v] for v in versions]:
        ingest(forum, some)
    message = Message.objects.get()
    assert (message.external_id, message.text, message.reply_to_external_id) == ("1", "first", "3")
    assert set(message.revisions.values_list("text", flat=True)) == {"furst", "frist"}
    assert set(MessageAlias.objects.values_list("external_id", "message")) == {("2", message.pk), ("3", message.pk)}
    assert Ticket.objects.count() == 1


def test_reply_in_the_conversation_of_any_version_joins_the_ticket(forum):
    ingest(forum, tweet_versions())
    ingest(forum, [said("8", "ann", thread="2"), said("9", "ann", thread="other", parent="3")])
    assert Ticket.objects.get().messages.count() == 3


def test_answer_to_a_later_version_stops_the_clock(forum):
    ingest(forum, tweet_versions())
    ingest(forum, [said("9", "acme", thread="3", parent="3", hours=2, is_own=True)])
    assert Ticket.objects.get().first_reply_at == hours(2)


def test_deletion_keeps_the_text_and_is_recorded(forum):
    ingest(forum, [said("1", text="words")])
    ingest(forum, [said("1", "", text="", is_deleted=True)], minutes=90)
    message = Message.objects.get()
    assert (message.text, message.is_deleted, message.author.external_id) == ("words", True, "ann")
    assert message.deleted_at is not None
    assert Ticket.objects.get().due_at is None
    assert Event.objects.filter(kind="deleted").count() == 1


def test_deleted_answer_of_ours_is_taken_out_of_the_clocks_and_said_so(forum):
    ingest(forum, [said("1", thread="t"), said("2", "acme", thread="t", parent="1", hours=3, is_own=True)])
    ingest(forum, [said("4", "acme", thread="t", parent="1", hours=5, is_own=True)])
    first = Message.objects.get(external_id="2")
    ingest(forum, [said("2", "", text="", thread="t", is_deleted=True)], role="thread", minutes=400)
    ticket = Ticket.objects.get()
    assert ticket.first_reply_at == hours(5)
    assert Event.objects.get(kind="deleted").data == {
        "message": first.pk,
        "direction": "team",
        "was_first_reply": True,
    }


def test_ticket_without_an_answer_left_is_open_again(forum):
    ingest(forum, [said("1", thread="t"), said("2", "acme", thread="t", parent="1", hours=3, is_own=True)])
    ingest(forum, [said("5", "bo", thread="u"), said("6", "acme", thread="u", parent="5", hours=3, is_own=True)])
    ingest(forum, [said("7", "acme", thread="u", parent="5", hours=4, is_own=True)])
    gone = [
        said(n, "acme", thread=t, parent=p, hours=3, text="", is_own=True, is_deleted=True)
        for n, t, p in ["2t1", "6u5"]
    ]
    ingest(forum, gone, minutes=400)
    unanswered, answered = Ticket.objects.order_by("pk")
    assert (unanswered.status, unanswered.is_queued, unanswered.solved_at) == ("open", True, None)
    assert (answered.status, answered.first_reply_at) == ("solved", hours(4))
    event = Event.objects.filter(ticket=unanswered, kind="status").latest("id")
    assert (event.data["why"], event.data["to"]["status"]) == ("answer_deleted", "open")


def test_post_that_is_no_longer_deleted_is_shown_again(forum):
    ingest(forum, [said("1", text="words")])
    ingest(forum, [said("1", text="words", is_deleted=True)], minutes=90)
    ingest(forum, [said("1", text="words")], minutes=95)
    message = Message.objects.get()
    assert (message.is_deleted, message.deleted_at, message.text) == (False, None, "words")
    assert Ticket.objects.get().due_at == hours(7)
    assert not MessageRevision.objects.exists()


def test_deleted_before_we_ever_saw_it_is_no_work(forum):
    ingest(forum, [said("1", "", text="", is_deleted=True)])
    assert Message.objects.get().is_deleted
    assert not Ticket.objects.exists()


# --- mail: only the sender vouches for the id ---------------------------------------------------------------------


def test_same_mail_in_two_mailboxes_is_one_message_with_two_sightings(mailbox):
    other = connection_with("testmail")
    ingest(mailbox, [said("a@x", item="in/1", text="same")])
    ingest(other, [said("a@x", item="in/9", text="same")])
    assert Message.objects.count() == Ticket.objects.count() == 1
    assert Sighting.objects.count() == 2


@pytest.mark.parametrize("together", [True, False])
def test_other_mail_with_a_message_id_that_is_taken_is_a_message_of_its_own_once(mailbox, together):
    other = connection_with("testmail")
    mails = [said("a@x", item="in/1", text="one"), said("a@x", item="in/2", text="another")]
    for some in [mails] if together else [[m] for m in mails]:
        ingest(mailbox, some)
    ingest(other, [said("a@x", item="in/5", text="another"), said("a@x", item="in/6", text="one")])
    messages = Message.objects.order_by("text")
    assert [m.text for m in messages] == ["another", "one"]
    assert not MessageRevision.objects.exists()
    ids = {m.external_id for m in messages}
    assert "a@x" in ids
    assert all(i == "a@x" or (i.startswith("a@x#") and len(i) == 16) for i in ids)
    assert Ticket.objects.count() == 1
