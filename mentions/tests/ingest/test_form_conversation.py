"""A submitted form, our answer by email and the person's reply by email are one ticket."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage

import pytest

from channels.adapters.form.signing import signature
from channels.contract import Hook, Item, Page
from channels.inbox import storing_once
from channels.models import OutboundItem
from channels.outbox import outbox
from channels.polling import receiving_webhooks
from channels.secrets.vault import seal
from channels.tests.email_servers import Mailer, smtp_serving
from mentions.ingest.batch import ingest_pending
from mentions.models import Message, Ticket
from mentions.replies import deliveries, dispatch_replies
from mentions.tests.factories import ChannelFactory, ConnectionFactory, UserFactory
from mentions.tests.replying import submit

pytestmark = pytest.mark.django_db

SECRET = "of-the-website"
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=62)
ALIAS = "education@acme.example"
ADA = "ada@univ.example"


@pytest.fixture
def website():
    connection = ConnectionFactory(
        platform="form",
        secrets={"webhook_secret": seal(SECRET)},
        settings={"smtp_host": "127.0.0.1", "smtp_security": "plain"},
    )
    ChannelFactory(
        connection=connection, address=ALIAS, settings={"form_fields": ["name", "email* email"], "from_name": "Acme"}
    )
    return connection


@pytest.fixture
def mailbox():
    connection = ConnectionFactory(platform="email", settings={"imap_host": "x.example", "imap_user": "x"})
    ChannelFactory(connection=connection, is_default=True, address="community@acme.example", rank=1)
    return connection


def apply(connection, **answers):
    body = json.dumps({"form": ALIAS, "answers": {"name": "Ada Reid", "email": ADA, **answers}}).encode()
    stamp = str(int(NOW.timestamp()))
    headers = {"x-desk-timestamp": stamp, "x-desk-signature": signature(SECRET, stamp, body)}
    receiving_webhooks.receive(connection.hook_id, Hook("POST", headers, {}, body), NOW)
    ingest_pending()


def mail(connection, raw, uid="1"):
    at = NOW + timedelta(hours=2)
    item = Item(f"INBOX/1/{uid}", {"folder": "INBOX", "internal_date": at.isoformat()}, raw)
    storing_once.store_page(connection.pk, Page([item], None), fetched_at=at)
    return ingest_pending()


def written(references="", in_reply_to="", text="Thank you, one more thing."):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Ada Reid <{ADA}>", ALIAS, "Re: Education"
    message["Message-ID"] = "<later@univ.example>"
    if references:
        message["References"], message["In-Reply-To"] = references, in_reply_to
    message.set_content(text)
    return message.as_bytes()


def sent_headers(raw):
    parsed = message_from_bytes(raw)
    return parsed["Message-ID"], parsed["References"]


def test_what_is_written_back_by_mail_is_in_the_ticket_of_the_form(website, mailbox, settings):
    apply(website, school="Nowhere")
    ticket = Ticket.objects.get()
    first = Message.objects.get()
    assert (first.namespace, ticket.requester.external_id, ticket.requester.name) == ("email", ADA, "Ada Reid")
    assert "Further fields\nschool: Nowhere" in first.text
    mailer = Mailer()
    with smtp_serving(mailer) as port:
        website.settings |= {"smtp_port": port}
        website.save()
        settings.ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{port}"]
        reply = submit(ticket, UserFactory(role="advocate"), now=NOW + timedelta(hours=1), text="Welcome aboard!")
        later = reply.send_at + timedelta(seconds=1)
        dispatch_replies.hand_over_due(later)
        outbox.send_due(later)
    ((sender, recipients, raw),) = mailer.taken
    assert (sender, recipients) == (ALIAS, [ADA])
    sent_id, references = sent_headers(raw)
    assert references == f"<{first.external_id}>"
    deliveries.apply(OutboundItem.objects.get().pk)
    done = mail(mailbox, written(f"{references} {sent_id}", sent_id))
    assert (done.stored, done.failed) == (1, 0)
    assert Ticket.objects.count() == 1
    ticket.refresh_from_db()
    assert [m.direction for m in ticket.messages.order_by("posted_at")] == ["in", "team", "in"]
    assert ticket.status == "open"
    assert ticket.first_reply_at is not None


def test_a_mailer_that_keeps_only_our_answers_id_finds_the_ticket_too(website, mailbox):
    apply(website)
    ticket = Ticket.objects.get()
    mail(mailbox, written(f"<{Message.objects.get().external_id}>", f"<{Message.objects.get().external_id}>"))
    assert Ticket.objects.get() == ticket
    assert ticket.messages.count() == 2


def test_a_new_mail_of_the_same_person_is_a_ticket_of_its_own_and_the_same_requester(website, mailbox):
    apply(website)
    mail(mailbox, written())
    tickets = list(Ticket.objects.order_by("pk"))
    assert len(tickets) == 2
    assert len({ticket.requester_id for ticket in tickets}) == 1


def test_an_address_of_ours_in_a_form_proves_nothing(website, mailbox):
    apply(website, email=ALIAS)
    assert Message.objects.get().direction == "in"
    assert Ticket.objects.count() == 1


def test_header_injection_and_null_characters_come_in_as_words(website):
    apply(website, name="Eve\r\nBcc: all@acme.example\0", email="eve@evil.example\nBcc: x@y.example", note="\0")
    message = Message.objects.select_related("author").get()
    assert "\n" not in message.subject
    assert message.author.name == "Eve Bcc: all@acme.example"
    assert message.author.external_id.startswith("unknown:")
