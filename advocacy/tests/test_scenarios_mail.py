"""Mail from IMAP to ticket and back by SMTP, as the handbook describes it, against the sandbox."""

import imaplib
import uuid

import pytest
from django.test import override_settings

from advocacy.tests import scenario
from advocacy.tests.scenario import clocks_of, kinds
from channels.models import Connection, InboundItem
from channels.outbox import outbox
from mentions.models import Attachment, Message, Reply, Ticket
from mentions.replies import drafts, handles
from mentions.tickets import lifecycle
from sandbox import world

desk, outside = scenario.desk, scenario.outside


def mail(desk, author, text="How do I start?", *, to="community", subject="A question", **more):
    return desk.outside.post("email", author=author, text=text, to=to, subject=subject, **more)["id"]


def from_team(desk, external_id, who, text):
    return desk.outside.control("answer", platform="email", id=external_id, text=text, **{"as": who})["id"]


def forwarded(name, address, text):
    return (
        "Can somebody take this one?\n\n---------- Forwarded message ---------\n"
        f"From: {name} <{address}>\nDate: Tue, 3 Nov 2026 at 10:12\nSubject: Licences\n"
        f"To: Maria Lindqvist <maria@acme.example>\n\n{text}"
    )


def test_mail_to_two_aliases_is_one_ticket_seen_by_both_however_often_it_is_delivered(desk):
    copies = set()
    for number in range(40):
        first = mail(desk, f"two{number}@lists.example", to="education,startups")
        copies.add(len(desk.truth("email", "mentions", first)["uids"]))
        if copies == {1, 2}:
            break
    assert copies == {1, 2}, "the server delivers some of them once and some twice"
    desk.poll("email")
    for author in range(number + 1):
        ticket = Ticket.objects.get(requester__external_id=f"two{author}@lists.example")
        message = ticket.messages.get()
        assert desk.seen_by(message.external_id) == {"mail-education", "mail-startups"}
        assert ticket.channel.slug == "mail-education"


def test_primary_alias_is_the_one_written_to_and_not_the_one_copied(desk):
    first = mail(desk, "copies@lists.example", to="startups", cc=["merch"])
    desk.poll("email")
    assert desk.ticket(first).channel.slug == "mail-startups"
    assert desk.seen_by(first) == {"mail-startups", "mail-merch"}


def test_blind_copy_goes_where_it_was_delivered_and_else_to_the_default(desk):
    to_opensource = mail(desk, "blind@lists.example", to="friends@lists.example", bcc=["opensource@acme.example"])
    to_desk = mail(desk, "blinder@lists.example", to="friends@lists.example", bcc=["desk@acme.example"])
    desk.poll("email")
    assert desk.ticket(to_opensource).channel.slug == "mail-opensource"
    assert desk.ticket(to_desk).channel.slug == "mail-community"


def test_reply_goes_from_the_alias_with_the_threading_headers_and_the_answer_comes_back_by_them(desk):
    first = mail(desk, "jo@thread.example", to="education", subject="Licences")
    desk.poll("email")
    ticket = desk.ticket(first)
    assert handles.suggest(ticket, desk.message(first)).address == "education@acme.example"
    reply = desk.reply(ticket, "Fill in the form, please.")
    assert reply.state == Reply.State.SENT, reply.error
    (sent,) = desk.posted("email", "Fill in the form, please.")
    assert sent["from"] == "education@acme.example"
    assert sent["recipients"] == ["jo@thread.example"]
    assert sent["subject"] == "Re: Licences"
    assert (sent["in_reply_to"], sent["references"]) == (first, [first])
    desk.next_second()
    answer = mail(desk, "jo@thread.example", "Done!", reply_to=sent["message_id"], subject="Licences", to="education")
    other_subject = mail(
        desk,
        "jo@thread.example",
        "And one thing more.",
        reply_to=answer,
        subject="something else",
        to="education",
        headers={"In-Reply-To": "<unknown@elsewhere.example>"},
    )
    desk.poll("email")
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert desk.message(answer).ticket_id == desk.message(other_subject).ticket_id == ticket.pk
    assert ticket.first_reply_at == reply.message.posted_at
    again = desk.reply(ticket, "Thanks to you.")
    (sent,) = desk.posted("email", "Thanks to you.")
    assert again.state == Reply.State.SENT
    assert sent["in_reply_to"] == other_subject
    assert sent["references"][:2] == [first, reply.message.external_id]
    assert sent["references"][-1] == other_subject


def test_own_copy_in_sent_is_the_same_message(desk):
    first = mail(desk, "copy@thread.example")
    desk.poll("email")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "It is in the docs.")
    at = desk.message(reply.message.external_id).posted_at
    for _ in range(2):
        desk.poll("email")
    message = desk.message(reply.message.external_id)
    assert Message.objects.filter(ticket=ticket, direction="team").count() == 1
    assert message.item_id is not None
    assert message.posted_at == at
    assert not message.revisions.exists()
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_subject_alone_never_threads(desk):
    one = mail(desk, "same@subject.example", subject="Re: Invoice 12")
    two = mail(desk, "same@subject.example", subject="Re: Invoice 12")
    desk.poll("email")
    assert desk.ticket(one).pk != desk.ticket(two).pk


def test_same_message_id_with_other_content_is_a_message_of_its_own(desk):
    headers = {"Message-ID": "<twice@ids.example>"}
    mail(desk, "real@ids.example", "the first", headers=headers)
    desk.poll("email")
    mail(desk, "liar@ids.example", "the second", headers=headers)
    desk.poll("email")
    found = {m.author.external_id: m for m in Message.objects.filter(external_id__startswith="twice@ids.example")}
    assert set(found) == {"real@ids.example", "liar@ids.example"}
    assert found["real@ids.example"].external_id == "twice@ids.example"
    assert "the first" in found["real@ids.example"].text
    assert not found["real@ids.example"].revisions.exists()


def test_forged_sender_is_a_stranger_and_a_genuine_one_is_ours(desk):
    forged = mail(desk, "sam@acme.example", "Please send gift cards.", dkim="fail")
    genuine = mail(desk, "maria@acme.example", "A note to ourselves.")
    desk.poll("email")
    assert desk.message(forged).direction == "in"
    assert desk.ticket(forged).status == "new"
    assert desk.message(genuine).direction == "team"
    assert desk.message(genuine).ticket_id is None


def test_forged_answer_in_a_thread_does_not_stop_its_clock(desk):
    first = mail(desk, "victim@forged.example")
    desk.next_second()
    mail(desk, "sam@acme.example", "All is well.", reply_to=first, to="community", dkim="fail")
    desk.poll("email")
    assert desk.ticket(first).first_reply_at is None
    assert desk.ticket(first).is_queued


@pytest.mark.parametrize("who", ["community", "maria", "tom"])
@pytest.mark.parametrize("comes_first", [False, True], ids=["later", "in_one_poll"])
def test_answer_from_a_mail_program_stops_the_clock(desk, who, comes_first):
    first = mail(desk, f"asks.{who}.{comes_first}@program.example")
    if not comes_first:
        desk.poll("email")
    desk.next_second()
    ours = from_team(desk, first, who, "Here is how.")
    desk.poll("email")
    ticket, answer = desk.ticket(first), desk.message(ours)
    assert (answer.direction, answer.ticket_id) == ("team", ticket.pk)
    assert (ticket.status, ticket.first_reply_at) == ("solved", answer.posted_at)
    assert Message.objects.filter(ticket=ticket).count() == 2


def test_forwarded_mail_belongs_to_who_wrote_it_and_is_answered_to_them(desk):
    text = forwarded("Ines Costa", "ines@origin.example", "We need forty seats.")
    first = mail(desk, "maria@acme.example", text, subject="Fwd: Licences", requester="ines@origin.example")
    desk.poll("email")
    ticket = desk.ticket(first)
    assert ticket.requester.external_id == "ines@origin.example"
    assert ticket.status == "new"
    assert ticket.first_reply_at is None
    reply = desk.reply(ticket, "Forty it is.")
    assert reply.state == Reply.State.SENT, reply.error
    (sent,) = desk.posted("email", "Forty it is.")
    assert sent["recipients"] == ["ines@origin.example"]
    desk.next_second()
    answer = mail(desk, "ines@origin.example", "Wonderful.", reply_to=sent["message_id"], to="community")
    desk.poll("email")
    assert desk.message(answer).ticket_id == ticket.pk
    assert desk.ticket(first).status == "open"


def test_absence_note_neither_reopens_nor_counts(desk):
    first = mail(desk, "vacation.ann@away.example")
    desk.poll("email")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "Come back soon.")
    before = clocks_of(desk.ticket(first))
    desk.poll("email")
    ticket = desk.ticket(first)
    note = ticket.messages.get(is_auto=True)
    assert note.author.external_id == "vacation.ann@away.example"
    assert ticket.status == "solved"
    assert (ticket.queued_at, ticket.first_reply_at) == (before.queued_at, reply.message.posted_at)
    assert (ticket.posted_at, ticket.due_at) == (before.posted_at, None)


def test_newsletter_makes_no_work(desk):
    first = mail(desk, "news@weekly.example", "This week", form="newsletter")
    desk.poll("email")
    ticket = desk.ticket(first)
    assert desk.message(first).is_auto
    assert (ticket.status, ticket.due_at, ticket.no_reply_reason) == ("solved", None, "automatic")


def test_bounce_brings_the_ticket_back_and_fails_the_reply_that_bounced(desk, client):
    first = mail(desk, "bouncebo@dead.example")
    desk.poll("email")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "You will never read this.")
    assert reply.state == Reply.State.SENT
    asked = ticket.queued_at
    ticket.refresh_from_db()
    assert ticket.first_reply_at is not None
    for _ in range(2):
        desk.poll("email")
    reply.refresh_from_db()
    ticket.refresh_from_db()
    assert reply.state == Reply.State.FAILED
    assert "bouncebo@dead.example" in reply.error
    assert "550 5.1.1 User unknown" in reply.error
    assert (ticket.status, ticket.is_queued, ticket.assignee) == ("open", True, desk.user())
    assert (ticket.first_reply_at, ticket.queued_at, ticket.due_at is not None) == (None, asked, True)
    assert kinds(ticket).count("bounced") == kinds(ticket).count("delivery_failed") == 1
    assert drafts.text_of(ticket.pk, desk.user()) == "You will never read this."
    assert Message.objects.filter(ticket=ticket, direction="team").count() == 1
    client.force_login(desk.user())
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "550 5.1.1 User unknown" in page
    desk.recover(minutes=30)
    assert len(desk.posted("email", "You will never read this.")) == 1


def test_bounce_that_is_here_before_the_receipt_finds_its_reply_all_the_same(desk, monkeypatch):
    first = mail(desk, "bouncesoon@dead.example")
    desk.poll("email")
    ticket = desk.ticket(first)
    monkeypatch.setattr("channels.adapters.email._file", lambda *sent: desk.poll("email"))
    reply = desk.reply(ticket, "Back before it was gone.")
    ticket.refresh_from_db()
    assert (reply.state, ticket.status, ticket.first_reply_at) == (Reply.State.FAILED, "open", None)
    assert "550 5.1.1 User unknown" in reply.error
    assert drafts.text_of(ticket.pk, desk.user()) == reply.text
    assert set(ticket.messages.values_list("direction", flat=True)) == {"in", "team", "by"}
    report = {"messages__extra__bounce__recipient": "bouncesoon@dead.example"}
    assert Ticket.objects.filter(**report).distinct().count() == 1


def test_bounce_of_a_copy_leaves_the_reply_as_it_is(desk):
    first = mail(desk, "fine@alive.example", cc=["bouncecc@dead.example"])
    desk.poll("email")
    reply = desk.reply(desk.ticket(first), "Hello to both of you.")
    assert set(desk.posted("email", "Hello to both")[0]["recipients"]) == {
        "fine@alive.example",
        "bouncecc@dead.example",
    }
    desk.poll("email")
    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert "bounced" in kinds(reply.ticket)


def test_refused_recipient_fails_with_words_and_keeps_the_text(desk):
    first = mail(desk, "refused@dead.example")
    desk.poll("email")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "Nobody there?")
    ticket.refresh_from_db()
    assert reply.state == Reply.State.FAILED
    assert "550" in reply.error
    assert "No such user here" in reply.error
    assert (ticket.status, ticket.is_queued, ticket.first_reply_at) == ("open", True, None)
    assert drafts.text_of(ticket.pk, desk.user()) == "Nobody there?"
    assert desk.posted("email", "Nobody there?") == []


def uncertain_reply(desk, author, text):
    first = mail(desk, author)
    desk.poll("email")
    desk.outside.control("faults", platform="email", kind="drop_after_accept", count=1)
    reply = desk.reply(desk.ticket(first), text)
    assert reply.state == Reply.State.UNCERTAIN
    for _ in range(4):
        desk.recover(minutes=20)
        desk.poll("email")
    reply.refresh_from_db()
    assert reply.state == Reply.State.UNCERTAIN
    assert len(desk.posted("email", text)) == 1
    assert reply.ticket.first_reply_at is None
    return reply


def test_mail_lost_after_data_is_never_resent_and_settled_by_its_own_copy(desk):
    reply = uncertain_reply(desk, "silence@dropped.example", "Did you get this?")
    raw = (
        f"From: Acme Community <community@acme.example>\r\nTo: silence@dropped.example\r\nSubject: Re: A question\r\n"
        f"Message-ID: <{reply.key}@acme.example>\r\nIn-Reply-To: <{reply.in_reply_to.external_id}>\r\n\r\n"
        "Did you get this?\r\n"
    )
    imap = imaplib.IMAP4(desk.outside.host, desk.outside.imap_port)
    imap.login(world.MAILBOX_USER, world.MAILBOX_PASSWORD)
    imap.append("Sent", "", None, raw.encode())
    imap.logout()
    desk.poll("email")
    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert reply.message.ticket_id == reply.ticket_id
    assert desk.ticket(reply.in_reply_to.external_id).first_reply_at == reply.message.posted_at
    assert Message.objects.filter(ticket=reply.ticket, direction="team").count() == 1


def test_mail_lost_after_data_is_settled_by_a_person(desk):
    reply = uncertain_reply(desk, "silent@dropped.example", "And this?")
    outbox.mark_sent(reply.outbound_id, "", desk.now())
    desk.settle()
    reply.refresh_from_db()
    ticket = desk.ticket(reply.in_reply_to.external_id)
    assert reply.state == Reply.State.SENT
    assert ticket.first_reply_at == reply.message.posted_at
    desk.recover(minutes=20)
    assert len(desk.posted("email", "And this?")) == 1
    answer = mail(desk, "silent@dropped.example", "I did.", reply_to=f"{reply.key}@acme.example", to="community")
    desk.poll("email")
    assert desk.message(answer).ticket_id == ticket.pk


def test_mail_that_comes_in_within_the_undo_window_stops_the_reply(desk):
    first = mail(desk, "second.thoughts@thread.example")
    desk.poll("email")
    reply = desk.write(desk.ticket(first), "Press the green button.")
    again = mail(desk, "second.thoughts@thread.example", "Never mind, found it.", reply_to=first, to="community")
    desk.poll("email")
    desk.send()
    reply.refresh_from_db()
    ticket = desk.ticket(first)
    assert reply.state == Reply.State.BLOCKED
    assert desk.posted("email", "Press the green button.") == []
    assert desk.message(again).ticket_id == ticket.pk
    assert (ticket.status, ticket.first_reply_at) == ("open", None)
    assert drafts.text_of(ticket.pk, desk.user()) == "Press the green button."


def test_mail_to_a_closed_ticket_opens_a_follow_up_in_the_same_thread(desk, settings):
    first = mail(desk, "late.again@thread.example", subject="Seats")
    desk.poll("email")
    ticket = desk.ticket(first)
    reply = desk.reply(ticket, "Take forty.")
    desk.wait(days=settings.CLOSE_SOLVED_AFTER_DAYS, hours=1)
    assert lifecycle.close_solved(desk.now()) >= 1
    again = mail(desk, "late.again@thread.example", "Fifty?", reply_to=reply.message.external_id, to="community")
    desk.poll("email")
    follow_up = desk.ticket(again)
    ticket.refresh_from_db()
    assert (ticket.status, follow_up.follow_up_of, follow_up.status) == ("closed", ticket, "new")
    answer = desk.reply(follow_up, "Fifty it is.")
    third = mail(desk, "late.again@thread.example", "Thanks.", reply_to=answer.message.external_id, to="community")
    desk.poll("email")
    assert desk.ticket(third).pk == follow_up.pk


def test_attachments_are_kept_up_to_the_cap(desk):
    small = {"name": "small.txt", "type": "text/plain", "content": "a few words"}
    large = {"name": "large.txt", "type": "text/plain", "content": "x" * 5000}
    first = mail(desk, "files@attached.example", attachments=[small, large])
    with override_settings(ATTACHMENT_MAX_BYTES=1000):
        desk.poll("email")
    files = {f.name: f for f in Attachment.objects.filter(message__external_id=first)}
    assert set(files) == {"small.txt", "large.txt"}
    assert bytes(files["small.txt"].blob.content).strip() == b"a few words"
    assert files["large.txt"].blob is None
    assert files["large.txt"].size >= 5000


def test_folder_that_is_built_anew_loses_and_doubles_nothing(desk):
    old = [mail(desk, f"before{n}@rebuilt.example", to="merch,startups" if n % 2 else "merch") for n in range(3)]
    desk.poll("email")
    reply = desk.reply(desk.ticket(old[0]), "Before the folder was built anew.")
    desk.poll("email")
    before = (Ticket.objects.count(), Message.objects.count())
    renumber(Connection.objects.get(platform="email"))
    new = mail(desk, "after@rebuilt.example")
    desk.poll("email")
    desk.poll("email")
    assert (Ticket.objects.count(), Message.objects.count()) == (before[0] + 1, before[1] + 1)
    assert desk.ticket(new).status == "new"
    assert desk.ticket(old[0]).status == "solved"
    reply.refresh_from_db()
    assert reply.state == Reply.State.SENT
    assert not desk.message(reply.message.external_id).revisions.exists()


def renumber(connection):
    """As if everything so far had been read under another UIDVALIDITY: the server's is now a new one."""
    cursor = connection.cursor
    for position in cursor.values():
        if "uidvalidity" in position:  # the rest is about folders that could not be read
            position["uidvalidity"] -= 1
    connection.save(update_fields=["cursor"])
    for item in InboundItem.objects.filter(connection=connection):
        folder, validity, uid = item.external_id.rsplit("/", 2)
        item.external_id = f"{folder}/{int(validity) - 1}/{uid}"
        item.save(update_fields=["external_id"])


def test_key_of_a_reply_is_its_message_id(desk):
    first = mail(desk, "id@key.example")
    desk.poll("email")
    reply = desk.reply(desk.ticket(first), "By its key.")
    assert reply.message.external_id == f"{uuid.UUID(str(reply.key))}@acme.example"
