"""Comments and private messages of a Facebook page become separate tickets, and the page's own messages answer them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.adapters.facebook import Facebook
from channels.contract import Config, Page
from channels.inbox import storing_once
from channels.models import InboundItem
from channels.tests.factories import make_channel, make_connection
from mentions.ingest.batch import ingest_pending
from mentions.models import Message, Ticket

PAGE = "340000000000001"
NOW = datetime(2026, 5, 4, 13, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parents[3] / "channels" / "tests" / "payloads" / "facebook"


@pytest.fixture
def take(db):
    connection = make_connection(platform="facebook", settings={"page_id": PAGE})
    make_channel(connection, address=PAGE)

    def taken(*documents, role=InboundItem.Role.MENTION):
        config = Config({"page_id": PAGE})
        items = [item for document in documents for item in Facebook().split(document, config)]
        storing_once.store_page(connection.pk, Page(items, None), fetched_at=NOW, role=role)
        ingest_pending(100, connection.pk)

    return taken


def payload(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def ticket_of(number):
    return Message.objects.get(external_id=number).ticket


def comment(number, name, parent=""):
    above = {"parent": {"id": parent}} if parent else {}
    return {"id": number, "message": f"says {name}", "created_time": "2026-05-04T12:30:00+0000", "comment_count": 0,
            "permalink_url": f"https://www.facebook.com/{PAGE}/posts/501/?comment_id={number.partition('_')[2]}",
            "from": {"id": name, "name": name}, **above}  # fmt: skip


def test_two_people_under_one_post_are_two_tickets_and_the_page_answers_one(take):
    take(payload("feed_with_comments"), comment("501_990", "ida"))
    lena, ida, bo = ticket_of("501_901"), ticket_of("501_990"), ticket_of(f"{PAGE}_502")
    assert len({lena.pk, ida.pk, bo.pk}) == Ticket.objects.count() == 3
    assert ticket_of("501_902") == ticket_of("501_903") == lena
    lena.refresh_from_db()
    assert lena.first_reply_at is not None
    assert ida.first_reply_at is bo.first_reply_at is None


def test_a_comment_under_a_visitors_post_belongs_to_its_conversation(take):
    take(payload("feed_with_comments"))
    take({**comment("502_77", PAGE), "permalink_url": f"https://www.facebook.com/{PAGE}/posts/502/?comment_id=77"})
    assert ticket_of("502_77") == ticket_of(f"{PAGE}_502")
    assert ticket_of("502_77").first_reply_at is not None


def test_an_echo_answers_the_conversation_that_its_person_has_with_the_page(take):
    take(payload("webhook_messages"))
    talk = ticket_of("m_one")
    assert ticket_of("m_answers") == talk
    take(payload("webhook_receipts_and_echo"))
    assert ticket_of("m_two") == talk
    talk.refresh_from_db()
    assert talk.first_reply_at is not None
    # Polling finds the same messages, now with names.
    take(payload("conversations"))
    assert Ticket.objects.count() == 1
    assert ticket_of("m_zero") == talk


def test_one_persons_comment_and_message_are_never_one_ticket(take):
    take(payload("feed_with_comments"), payload("conversations"))
    assert ticket_of("501_901") != ticket_of("m_one")


def test_an_edit_and_a_removal_change_the_message_and_keep_the_old_words(take):
    take(payload("webhook_comment"))
    take(payload("webhook_comment_edited"))
    message = Message.objects.get(external_id="501_901")
    assert message.text == "Does Acme cancel *all* old pipelines now?"
    assert message.posted_at == datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
    take(payload("webhook_comment_removed"))
    message.refresh_from_db()
    assert message.is_deleted
    assert message.text == "Does Acme cancel *all* old pipelines now?"
