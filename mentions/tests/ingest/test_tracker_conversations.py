"""GitLab issues and HackerOne reports on the desk: clocks, and who can see confidential ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.contract import Hook, Page
from channels.inbox import storing_once
from channels.models import InboundItem
from channels.polling import receiving_webhooks
from channels.registry.configs import source_of
from channels.secrets.vault import seal
from channels.tests.factories import make_channel, make_connection
from mentions.ingest.batch import ingest_pending
from mentions.models import Message, Ticket

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 7, 13, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parents[3] / "channels" / "tests" / "payloads"


def payload(platform, name):
    return json.loads((PAYLOADS / platform / f"{name}.json").read_text())


def take(connection, document):
    source = source_of(connection.pk)
    page = Page(source.adapter.split(document, source.config), None)
    storing_once.store_page(connection.pk, page, fetched_at=NOW)
    ingest_pending(100, connection.pk)


def test_a_report_is_answered_by_words_and_not_by_a_change_of_its_state():
    connection = make_connection(platform="hackerone", settings={"programs": ["acme"], "api_identifier": "x"})
    make_channel(connection, address="acme", target_minutes=1440, skips_weekends=True)
    document = payload("hackerone", "report_whole")
    activities = document["data"]["relationships"]["activities"]["data"]
    silent = [a for a in activities if a["id"] in ("1001", "1002", "1003", "1006")]
    document["data"]["relationships"]["activities"]["data"] = silent
    take(connection, document)
    ticket = Ticket.objects.get()
    assert ticket.first_reply_at is None
    assert not Message.objects.filter(text__contains="team only").exists()
    assert not InboundItem.objects.filter(payload__icontains="team only").exists()
    assert Message.objects.get(external_id="activity-1006").ticket == ticket

    document["data"]["relationships"]["activities"]["data"] = activities
    take(connection, document)
    ticket.refresh_from_db()
    assert Ticket.objects.count() == 1
    assert ticket.first_reply_at == datetime(2026, 5, 5, 10, 0, tzinfo=UTC)


@pytest.fixture
def gitlab():
    return make_connection(
        platform="gitlab",
        settings={"projects": ["acme/product"], "confidential": True, "own_accounts": ["acme-desk"]},
        secrets={"webhook_secret": seal("s3cret"), "token": seal("glpat-1")},
    )


def call(connection, name):
    body = (PAYLOADS / "gitlab" / f"{name}.json").read_bytes()
    receiving_webhooks.receive(connection.hook_id, Hook("POST", {"x-gitlab-token": "s3cret"}, {}, body), NOW)
    ingest_pending(100, connection.pk)


def test_what_is_confidential_is_seen_in_its_channel_alone(gitlab):
    make_channel(gitlab, address="acme/product", rank=1)
    closed = make_channel(gitlab, address="acme/product!confidential", rank=9)
    for name in ("webhook_issue_opened", "webhook_note", "webhook_issue_confidential", "webhook_note_internal"):
        call(gitlab, name)
    hidden = Message.objects.filter(external_id__contains="!")
    assert {m.external_id for m in hidden} == {"5#19!confidential", "5#17!internal#note_601"}
    assert {m.ticket.channel for m in hidden} == {closed}
    assert closed not in {m.ticket.channel for m in Message.objects.exclude(pk__in=hidden)}
    assert len({m.ticket_id for m in Message.objects.all()}) == 3


def test_without_a_channel_of_its_own_nothing_of_it_is_stored(gitlab):
    make_channel(gitlab, address="acme/product", is_default=True)
    call(gitlab, "webhook_issue_confidential")
    call(gitlab, "webhook_note_internal")
    assert not InboundItem.objects.exists()


def test_our_note_answers_the_issue_and_an_edit_keeps_the_old_words(gitlab):
    make_channel(gitlab, address="acme/product")
    call(gitlab, "webhook_issue_opened")
    take(gitlab, payload("gitlab", "notes"))
    issue = Message.objects.get(external_id="5#17")
    assert Message.objects.get(external_id="5#17#note_503").ticket == issue.ticket
    issue.ticket.refresh_from_db()
    assert issue.ticket.first_reply_at is not None
    call(gitlab, "webhook_note_edited")
    note = Message.objects.get(external_id="5#17#note_501")
    assert note.text == "Same for me on **13.3**"
    assert note.edited_at == datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
