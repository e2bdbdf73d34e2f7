"""Slack notices: one per mention and Slack channel, grouped in a rush, edited as the ticket changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.models import OutboundItem
from mentions.models import Notice, NoticePost, Sighting
from mentions.notifications import notices
from mentions.notifications.slack_messages import NoticedMention, several, single
from mentions.queue import claims
from mentions.tests.factories import ChannelFactory, MessageFactory, TicketFactory, UserFactory
from mentions.tests.replying import answered
from mentions.triage import outcomes

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def token(settings):
    settings.SLACK_TOKEN = "xoxb-of-a-test"
    settings.BASE_URL = "https://desk.example"


def mention(channel=None, at=NOW, **values):
    channel = channel or ChannelFactory(slack_channels=["#hn-mentions"])
    message = MessageFactory(
        **{
            "channel": channel,
            "posted_at": at - MINUTE,
            "ingested_at": at,
            "text": "Does <!channel> Acme work?",
            "url": "https://news.example/5",
            "ticket": TicketFactory(channel=channel, posted_at=at - MINUTE),
            **values,
        }
    )
    Sighting.objects.create(message=message, channel=channel, at=at)
    return message


def tell(at=NOW):
    notices.note(None, at)
    return notices.post_due(at)


def sent(at=NOW):
    """Everything waiting in the outbox is posted."""
    for number, item in enumerate(OutboundItem.objects.filter(state="queued"), 1):
        receipt = {"ts": f"1.{item.pk}", "channel": "C1", "permalink": None}
        item.state, item.receipt = "sent", receipt if item.kind == "slack" else {"ts": str(number)}
        item.save()


def edits():
    return [item.payload for item in OutboundItem.objects.filter(kind="edit").order_by("pk")]


def test_a_mention_is_announced_once_whatever_is_repeated():
    message = mention()
    assert [tell(), tell(), tell()] == [1, 0, 0]
    item = OutboundItem.objects.get()
    assert item.payload["channel"] == "#hn-mentions"
    said = str(item.payload["blocks"])
    assert "<!channel>" not in said
    assert "&lt;!channel&gt;" in said
    assert f"https://desk.example/tickets/{message.ticket_id}/" in said
    assert "https://news.example/5" in said


def test_two_channels_that_name_one_room_tell_it_once():
    first, second = ChannelFactory(slack_channels=["#a", "#b"]), ChannelFactory(slack_channels=["#b"])
    message = mention(first)
    Sighting.objects.create(message=message, channel=second, at=NOW)
    tell()
    assert sorted(Notice.objects.values_list("slack_channel", flat=True)) == ["#a", "#b"]


@pytest.mark.parametrize(
    "values",
    [
        {"direction": "team"},
        {"direction": "by"},
        {"is_auto": True},
        {"is_deleted": True},
        {"posted_at": NOW - timedelta(days=3)},
        {"ingested_at": NOW - timedelta(days=3)},
    ],
)
def test_what_is_no_news_is_not_announced(values):
    mention(**values)
    assert tell() == 0


def test_channels_without_slack_or_switched_off_tell_nobody():
    mention(ChannelFactory())
    mention(ChannelFactory(slack_channels=["#a"], is_active=False))
    assert tell() == 0


def test_nothing_is_kept_for_later_without_a_workspace(settings):
    settings.SLACK_TOKEN = ""
    mention()
    assert tell() == 0
    assert not Notice.objects.exists()


def test_a_rush_is_one_message():
    channel = ChannelFactory(slack_channels=["#hn-mentions"])
    for _ in range(6):
        mention(channel)
    assert tell() == 1
    post = NoticePost.objects.get()
    assert (post.kind, post.notices.count()) == ("rush", 6)
    assert "6 mentions at once" in post.outbound.payload["text"]


def test_a_few_are_announced_one_by_one():
    channel = ChannelFactory(slack_channels=["#hn-mentions"])
    for _ in range(3):
        mention(channel)
    assert tell() == 3
    assert set(NoticePost.objects.values_list("kind", flat=True)) == {"single"}


@pytest.mark.parametrize(
    ("mode", "due"),
    [("hourly", NOW.replace(hour=11, minute=0)), ("daily", datetime(2026, 11, 24, 8, tzinfo=UTC))],
)
def test_a_digest_waits_for_its_time(mode, due):
    channel = ChannelFactory(slack_channels=["#reddit"], slack_mode=mode)
    for _ in range(25):
        mention(channel)
    assert tell() == 0
    assert notices.post_due(due - MINUTE) == 0
    assert notices.post_due(due) == 1
    payload = NoticePost.objects.get().outbound.payload
    assert "25 mentions since the last digest" in payload["text"]
    assert "and 5 more" in str(payload["blocks"])
    assert len(payload["blocks"]) <= 50


def test_a_notice_is_edited_when_its_ticket_is_claimed_and_solved():
    message, sam = mention(), UserFactory(first_name="Sam", is_superuser=True)
    tell()
    sent()
    assert notices.refresh(NOW, 15 * MINUTE) == 0
    claim = claims.claim(sam, message.ticket_id, NOW)
    assert notices.refresh(NOW + MINUTE, 15 * MINUTE) == 1
    assert notices.refresh(NOW + MINUTE, 15 * MINUTE) == 0
    assert "Sam is on it" in str(edits()[-1]["blocks"])
    assert edits()[-1]["ts"] == NoticePost.objects.get().outbound.receipt["ts"]
    answered(message.ticket)
    outcomes.solve(message.ticket_id, sam, claim.claim_token, now=NOW + MINUTE)
    assert notices.refresh(NOW + MINUTE, 15 * MINUTE) == 0, "an edit is still on its way"
    sent()
    assert notices.refresh(NOW + MINUTE, 15 * MINUTE) == 1
    assert "answered" in str(edits()[-1]["blocks"])


def test_a_deleted_mention_loses_its_words_in_slack():
    message = mention()
    tell()
    sent()
    message.is_deleted, message.deleted_at = True, NOW
    message.save()
    assert notices.refresh(NOW + MINUTE, 15 * MINUTE) == 1
    assert "Does" not in str(edits()[-1])
    assert "deleted by its author" in str(edits()[-1])


def test_an_unsent_notice_is_not_edited():
    message, sam = mention(), UserFactory(is_superuser=True)
    tell()
    claims.claim(sam, message.ticket_id, NOW)
    assert notices.refresh(NOW, 15 * MINUTE) == 0
    assert edits() == []


def said(**values):
    return NoticedMention(
        **{
            "author": "jane|<b>",
            "author_url": "javascript:alert(1)",
            "channel": "HN & co",
            "title": "A | title >",
            "text": "one\ntwo",
            "url": "https://news.example/?a=1&b=<2>|3",
            "ticket_url": "",
            "ticket": None,
            "state": "new",
            **values,
        }
    )


def test_words_from_outside_cannot_break_out_of_a_link():
    text = single(said()).blocks[0]["text"]["text"]
    assert "javascript:" not in text
    assert "<https://news.example/?a=1&amp;b=%3C2%3E%7C3|A ¦ title &gt;>" in text
    assert "> one\n> two" in text


def test_a_message_fits_into_slack_however_long_the_words_are():
    long = said(text="x " * 5000, title="y" * 5000, author="z" * 300)
    for post in (single(long), several([long] * 400, is_digest=True)):
        assert len(post.blocks) <= 50
        assert all(len(block["text"]["text"]) <= 3000 for block in post.blocks if "text" in block)


def test_answered_says_by_whom_and_how_soon():
    answered = single(said(state="answered", who="Sam", after=timedelta(minutes=75)))
    assert "answered by Sam after 1 h 15 min" in str(answered.blocks)
