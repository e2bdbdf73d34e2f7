"""Rules that make a ticket urgent: words, authors, channels, the pace of a conversation; once per ticket."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.core.exceptions import ValidationError

from channels.models import OutboundItem
from channels.models.connection import Priority
from mentions.models import ThreadPost, Ticket
from mentions.tests.factories import AuthorFactory, ChannelFactory, MessageFactory, TicketFactory, UserFactory
from team.models import UrgentCall, UrgentRule
from team.urgent import calls, escalating, rules

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def a_message(text="Is it down?", at=NOW, thread_id=None, **kwargs):
    ticket = kwargs.pop("ticket", None) or TicketFactory(posted_at=at, last_message_at=at, **kwargs)
    more = {"thread_id": thread_id} if thread_id else {}
    return MessageFactory(ticket=ticket, text=text, posted_at=at, ingested_at=at, **more)


def urgent(message):
    rules.mark([message.pk], NOW)
    return UrgentCall.objects.filter(ticket=message.ticket).exists()


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ('outage OR "data loss"', "A data loss!", True),
        ("outage", "All is well", False),
        ("outage NOT test", "outage test", False),
    ],
)
def test_words(query, text, expected):
    UrgentRule.objects.create(name="words", query=query)
    assert urgent(a_message(text)) is expected


def test_author():
    UrgentRule.objects.create(name="press", query="author:journalist")
    assert not urgent(a_message())
    assert urgent(a_message(requester__external_id="journalist"))


def test_channel_narrows_a_rule():
    rule = UrgentRule.objects.create(name="news", query="down")
    rule.channels.add(ChannelFactory(name="Front page"))
    assert not urgent(a_message())
    assert urgent(a_message(channel=rule.channels.get()))


def test_speed_of_a_conversation():
    UrgentRule.objects.create(name="fast", messages=3, minutes=30)
    slow = a_message(at=NOW - timedelta(hours=2))
    for minute in (60, 0):
        slow = a_message(ticket=slow.ticket, at=NOW - timedelta(minutes=minute))
    assert not urgent(slow)
    fast = a_message(at=NOW - timedelta(minutes=20))
    for minute in (10, 0):
        fast = a_message(ticket=fast.ticket, at=NOW - timedelta(minutes=minute))
    assert urgent(fast)
    assert UrgentCall.objects.get(ticket=fast.ticket).why == "3 messages in 30 min"


def a_post(thread, at, author="", **more):
    """A post around a ticket, by somebody who didn't write to us."""
    values = {"namespace": "hackernews", "thread_id": thread, "author_external_id": author, "digest": b"0" * 16, **more}
    number = ThreadPost.objects.count()
    return ThreadPost.objects.create(**{"external_id": f"around-{number}", "posted_at": at, "version_at": at, **values})


def minutes_ago(minutes):
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize("who", ["in tickets of their own", "around the ticket", "both", "too slow", "ourselves"])
def test_speed_of_a_thread_is_that_of_everybody_in_it_and_calls_for_it_once(who):
    """Each person's ticket is its own conversation. The thread is fast, though nobody in it is."""
    UrgentRule.objects.create(name="fast", messages=4, minutes=30)
    first = a_message(at=minutes_ago(600))
    thread, us = first.thread_id, AuthorFactory(namespace="hackernews", is_us=True)
    around = {"in tickets of their own": 0, "both": 2}.get(who, 4)
    for number in range(4):
        at = minutes_ago(40 * number if who == "too slow" else 5 * number)
        if number < around:
            a_post(thread, at, us.external_id if who == "ourselves" else f"stranger-{number}")
        else:
            a_message(at=at, thread_id=thread)
    for _twice in range(2):
        rules.mark(None, NOW)
    called = UrgentCall.objects.all()
    assert [call.why for call in called] == ([] if who in ("too slow", "ourselves") else ["4 messages in 30 min"])


def test_a_post_that_is_also_a_message_a_deleted_one_and_another_thread_count_nothing():
    UrgentRule.objects.create(name="fast", messages=3, minutes=30)
    message = a_message(at=minutes_ago(1))
    answer = MessageFactory(
        ticket=message.ticket, direction="team", thread_id=message.thread_id, author=AuthorFactory()
    )
    for external_id in (message.external_id, answer.external_id):
        a_post(message.thread_id, NOW, external_id=external_id)
    a_post(message.thread_id, NOW, is_deleted=True)
    a_post("another", NOW)
    assert rules.mark(None, NOW) == 0
    for _post in range(2):
        a_post(message.thread_id, NOW)
    assert rules.mark(None, NOW) == 1


def test_thread_that_was_fast_before_anybody_wrote_to_us_is_not_urgent():
    UrgentRule.objects.create(name="fast", messages=3, minutes=30)
    message = a_message()
    for minute in range(60, 70):
        a_post(message.thread_id, minutes_ago(minute))
    assert rules.mark(None, NOW) == 0


@pytest.mark.parametrize("seed", range(20))
def test_most_within_is_what_counting_every_span_says(seed):
    random = Random(seed)
    times = sorted(minutes_ago(random.randrange(200)) for _post in range(random.randrange(40)))
    length = timedelta(minutes=random.randrange(1, 60))
    counted = [sum(end - length < at <= end for at in times) for end in times]
    assert rules.most_within(length, times) == max(counted, default=0)


def test_rule_posts_in_its_rooms_and_starts_the_rapid_response(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    settings.RAPID_RESPONSE_SLACK_CHANNEL = "#rapid-response"
    UrgentRule.objects.create(name="words", query="down", slack_channels="#ceo, #product", is_rapid_response=True)
    assert urgent(a_message())
    rooms = OutboundItem.objects.order_by("pk").values_list("payload__channel", flat=True)
    assert list(rooms) == ["#community-advocates", "#ceo", "#product", "#rapid-response"]


def test_what_somebody_unmarked_is_not_marked_again_by_the_rule_nor_twice_by_the_sweep():
    UrgentRule.objects.create(name="words", query="down")
    message = a_message()
    rules.mark([message.pk], NOW)
    rules.mark(None, NOW)
    call = UrgentCall.objects.get()
    calls.withdraw(call.pk, UserFactory(role="advocate"), NOW)
    a_message("down again", ticket=message.ticket)
    rules.mark(None, NOW)
    assert UrgentCall.objects.count() == 1


def test_sweep_finds_what_a_lost_signal_left_and_old_mentions_call_nobody():
    UrgentRule.objects.create(name="words", query="down")
    message, old = a_message(), a_message(at=NOW - timedelta(days=3))
    assert rules.mark(None, NOW) == 1
    assert rules.mark([old.pk], NOW) == 0
    assert UrgentCall.objects.get().ticket == message.ticket


def test_one_bad_rule_stops_no_other_message(caplog):
    rule = UrgentRule.objects.create(name="words", query="down")
    UrgentRule.objects.filter(pk=rule.pk).update(query="(")
    UrgentRule.objects.create(name="zz", query="down")
    assert rules.mark([a_message().pk], NOW) == 0
    assert "urgent rules" in caplog.text


@pytest.mark.parametrize("values", [{"query": ""}, {"query": "("}])
def test_rule_that_says_nothing_or_cannot_be_read_is_refused(values):
    with pytest.raises(ValidationError):
        UrgentRule(name="x", **values).full_clean()


# --- many at once -----------------------------------------------------------------------------------------------------


@pytest.fixture
def _slack(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"


@pytest.mark.usefixtures("_slack")
def test_six_hours_of_matches_at_once_call_for_some_and_only_mark_the_rest():
    """The desk catches up after downtime."""
    UrgentRule.objects.create(name="Outages", query="down")
    found = [a_message("It is down", NOW - timedelta(minutes=14 * number)) for number in range(24)]
    for minute in range(0, 60, 5):
        rules.mark([message.pk for message in found], NOW + timedelta(minutes=minute))
        rules.mark(None, NOW + timedelta(minutes=minute))
        escalating.run(NOW + timedelta(minutes=minute))
    assert UrgentCall.objects.count() == 24
    assert set(Ticket.objects.values_list("priority", flat=True)) == {Priority.URGENT}
    posted = OutboundItem.objects.filter(conversation__startswith="urgent:", payload__channel="#community-advocates")
    assert posted.count() == rules.MAX_AN_HOUR
    (notice,) = OutboundItem.objects.filter(conversation="slack:#community-advocates")
    assert "Many conversations match the rule “Outages” at once." in notice.payload["text"]


@pytest.mark.usefixtures("_slack")
@pytest.mark.parametrize(("hours", "says"), [(0, False), (5, True)])
def test_call_that_comes_late_says_for_how_long_nobody_could_be_called(hours, says):
    UrgentRule.objects.create(name="Outages", query="down")
    rules.mark([a_message("It is down", NOW - timedelta(hours=hours)).pk], NOW)
    (posted,) = OutboundItem.objects.all()
    assert ("could not call anybody for 5 h" in posted.payload["text"]) is says


@pytest.mark.usefixtures("_slack")
@pytest.mark.parametrize("pings", [True, False])
def test_rule_for_messages_that_ping_the_team_pings_nobody_again(settings, pings):
    settings.ADVOCATES_SLACK_GROUP = "S00000100"
    UrgentRule.objects.create(name="Pings", query="@advocates", pings_team=pings)
    rules.mark([a_message("@advocates it is down").pk, a_message("me@advocates.example").pk], NOW)
    (posted,) = OutboundItem.objects.all()
    assert ("<!subteam^S00000100>" in posted.payload["text"]) is pings
