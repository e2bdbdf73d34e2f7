"""Pages of unreadable items: marked as such, shown as text, replayed by a click, never answered."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from channels.clocks import desk_now
from channels.inbox import leases
from channels.models import Alarm, InboundItem
from channels.monitoring import alarms
from mentions import tasks
from mentions.models import Message, Ticket
from mentions.queue import claims
from mentions.replies import replies
from mentions.replies.replies import ReplyRefused
from mentions.tests.factories import NOON, UserFactory
from mentions.tests.platforms import ingest, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def stood(forum) -> Message:
    ingest(forum, [said("1", broken=True, subject="It hangs", text="<script>alert(1)</script>")])
    return Message.objects.get()


def test_the_ticket_says_why_and_offers_replay_and_the_raw_text(client, sam, stood):
    text = client.get(f"/tickets/{stood.ticket_id}/").content.decode()
    for words in (
        "could not be read",
        "broken on purpose",
        f"/messages/{stood.pk}/raw/",
        f"/messages/{stood.pk}/replay/",
    ):
        assert words in text


def test_the_raw_text_is_shown_as_text(client, sam, stood):
    answer = client.get(f"/messages/{stood.pk}/raw/")
    assert "&lt;script&gt;" in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def test_raw_text_is_bounded(client, sam, stood):
    item = InboundItem.objects.get()
    item.payload = {**item.payload, "text": "x" * 500_000}
    item.save(update_fields=["payload"])
    assert len(client.get(f"/messages/{stood.pk}/raw/").content) < 60_000


def test_a_click_replays_it_once(client, sam, stood):
    for _ in range(2):
        assert client.post(f"/messages/{stood.pk}/replay/").status_code == 302
    assert InboundItem.objects.get().state == "pending"


def test_whoever_may_not_see_the_ticket_sees_nothing_of_it(client, sam, stood):
    stood.channel.visible_to = ["manager"]
    stood.channel.save()
    assert client.get(f"/messages/{stood.pk}/raw/").status_code == 404
    assert client.post(f"/messages/{stood.pk}/replay/").status_code == 404
    assert InboundItem.objects.get().state == "failed"


def test_it_cannot_be_answered_and_the_page_says_what_to_do(client, sam, stood):
    now = desk_now()
    ticket = claims.claim(sam, stood.ticket_id, now)
    text = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "This message could not be read" in text
    with pytest.raises(ReplyRefused):
        replies.submit(
            ticket.pk, sam, ticket.claim_token, key=uuid.uuid4(), text="hello", channel_id=ticket.channel_id,
            guard_message_id=stood.pk, status_after="solved", now=now,
        )  # fmt: skip


def test_the_channels_page_leads_to_the_list_and_the_list_replays(client, stood, forum):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    assert f"/channels/{forum.pk}/unreadable/" in client.get("/channels/").content.decode()
    text = client.get(f"/channels/{forum.pk}/unreadable/").content.decode()
    item = InboundItem.objects.get()
    assert "broken on purpose" in text
    assert "&lt;script&gt;" in client.get(f"/channels/unreadable/{item.pk}/").content.decode()
    client.post(f"/channels/{forum.pk}/replay/", {"item": str(item.pk)})
    item.refresh_from_db()
    assert item.state == "pending"


def test_an_alarm_tells_it_once_and_that_it_is_over(stood, forum, settings, mailoutbox):
    settings.ALARM_MAILS = ["ops@acme.example"]
    now = NOON + timedelta(hours=2)
    forum.last_success_at = forum.next_poll_at = now + timedelta(hours=1)
    forum.save()
    for minutes in (0, 11, 12):
        alarms.sweep(now + timedelta(minutes=minutes))
    raised = Alarm.objects.get(state="unreadable")
    assert "broken on purpose" in raised.words
    assert len([mail for mail in mailoutbox if "could not be read" in mail.body]) == 1
    Ticket.objects.update(status="solved")
    tasks.sweep_inbox()
    assert not leases.unreadable().exists()
    for minutes in (20, 21):
        alarms.sweep(now + timedelta(minutes=minutes))
    raised.refresh_from_db()
    assert raised.is_over_told
