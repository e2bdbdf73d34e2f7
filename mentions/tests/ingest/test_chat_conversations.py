"""How colleagues' questions in Slack, bursts in a chat room and updates of our status page appear on the desk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.contract import Page
from channels.inbox import storing_once
from channels.models import InboundItem
from channels.registry.configs import source_of
from channels.tests.factories import make_channel, make_connection
from mentions.ingest.batch import ingest_pending
from mentions.models import Account, Message, Person, Ticket
from mentions.people.accounts import link_accounts

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parents[3] / "channels" / "tests" / "payloads"
SETTINGS = {
    "slack": {"rooms": ["C0SWAG001 swag"], "what": "both", "emoji": "ticket"},
    "chatlog": {"rooms": ["#acme:matrix.example"], "phrases": ["Acme"]},
    "statuspage": {"api_base": "https://status.acme.example"},
}

pytestmark = pytest.mark.django_db


def take(platform, *names, role=InboundItem.Role.MENTION, **settings):
    connection = make_connection(platform=platform, settings={**SETTINGS[platform], **settings})
    make_channel(connection, is_default=True)
    source = source_of(connection.pk)
    for name in names:
        document = json.loads((PAYLOADS / platform / f"{name}.json").read_text())
        items = source.adapter.split(document, source.config)
        storing_once.store_page(connection.pk, Page(items, None), fetched_at=NOW, role=role)
        ingest_pending(100, connection.pk)
    return connection


def one_of_us(handle, namespace="slack"):
    person = Person.objects.create(name=handle, is_us=True)
    Account.objects.create(person=person, namespace=namespace, handle=handle)


def test_a_colleagues_question_is_a_ticket_and_a_colleagues_answer_is_an_answer():
    for handle in ("U0INES01", "U0OWEN01"):
        one_of_us(handle)
    take("slack", "thread")
    ticket = Ticket.objects.get()
    assert ticket.requester.external_id == "U0INES01"
    said = Message.objects.order_by("posted_at").values_list("author__external_id", "direction")
    assert list(said) == [("U0INES01", "in"), ("U0OWEN01", "team"), ("U0INES01", "in"), ("U0DESK001", "team")]
    assert ticket.first_reply_at == Message.objects.get(author__external_id="U0OWEN01").posted_at


def test_a_colleague_whose_account_is_entered_later_has_still_asked():
    one_of_us("U0OWEN01")
    take("slack", "thread")
    before = Ticket.objects.values().get()
    one_of_us("U0INES01")
    assert link_accounts() == set()
    assert Ticket.objects.values().get() == before
    assert Ticket.objects.get().requester.is_us
    said = Message.objects.order_by("posted_at").values_list("author__external_id", "direction")
    assert list(said) == [("U0INES01", "in"), ("U0OWEN01", "team"), ("U0INES01", "in"), ("U0DESK001", "team")]


def test_a_deleted_question_keeps_its_words():
    take("slack", "event_message_changed", "event_message_deleted")
    message = Message.objects.get()
    assert (message.text, message.is_deleted) == ("Can I have 60 stickers?", True)


def test_what_one_person_says_within_an_hour_is_one_ticket():
    take("chatlog", "forwards_page")
    texts = [sorted(m.text for m in ticket.messages.all()) for ticket in Ticket.objects.order_by("pk")]
    assert texts == [["Acme question one", "And Acme again, same talk"], ["Acme, an hour later: another talk"]]


def test_our_status_page_is_no_work_and_somebody_elses_is():
    take("statuspage", "incidents", "scheduled")
    assert Ticket.objects.filter(status__in=("new", "open")).count() == 0
    assert Message.objects.exclude(direction="team").count() == 0
    take("statuspage", "not_ours", is_ours=False, api_base="https://status.cloud.example")
    assert Ticket.objects.get(status="new").subject == "Pipelines are slow"
