"""Feedback to product: one key routes it, a weekly digest reports it, and the outcome closes the loop."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest

from channels.models import OutboundItem
from experts.feedback import digests, fates, routing
from experts.models import Feedback, FeedbackDigest, FeedbackRule, Topic
from experts.tests.slack_clicks import SECRET, press
from mentions.models import Issue, IssueLink
from mentions.personal_data import erasing, exporting
from mentions.personal_data import scope as scopes
from mentions.tests.factories import NOON, ChannelFactory, MessageFactory, TicketFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import merging

pytestmark = pytest.mark.django_db
State = Feedback.State
MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
"""The first digest after NOON under the default rule."""


@pytest.fixture(autouse=True)
def rule(settings):
    settings.SLACK_TOKEN, settings.SLACK_SIGNING_SECRET = "xoxb-of-the-test", SECRET
    return FeedbackRule.objects.create(name="Weekly", at=time(9))


@pytest.fixture
def ci():
    above = Topic.objects.create(name="Verify", slug="verify", slack_channel="#s_verify", keywords=["pipeline"])
    return Topic.objects.create(name="CI", slug="ci", parent=above, keywords=["runner"])


@pytest.fixture
def sam(client):
    user = UserFactory(role="advocate", username="sam")
    client.force_login(user)
    return user


@pytest.fixture
def ticket():
    return MessageFactory(text="Your runner should cache more", url="https://t.example/1").ticket


def routed(topic, ticket=None, *, at=NOON, summary="wants a cache"):
    ticket = ticket or MessageFactory().ticket
    return routing.route(ticket.pk, topic, None, key=uuid4(), text="Look", summary=summary, now=at)


def posts():
    """Digests posted to Slack channels."""
    found = OutboundItem.objects.filter(conversation__startswith="feedback:").order_by("pk")
    return [(item.payload["channel"], item.payload["text"]) for item in found]


# --- routing ----------------------------------------------------------------------------------------------------------


def test_one_key_opens_the_page_with_the_topic_that_the_words_name_and_sending_shares_it_once(client, sam, ticket, ci):
    assert 'data-key="b"' in client.get(f"/tickets/{ticket.pk}/").content.decode()
    page = client.get(f"/tickets/{ticket.pk}/feedback/").content.decode()
    assert f'value="{ci.pk}" selected' in page
    assert "Your runner should cache more" in page
    form = {"topic": ci.pk, "text": "A wish", "summary": "cache", "key": str(uuid4())}
    for _twice in range(2):
        assert client.post(f"/tickets/{ticket.pk}/feedback/", form).status_code == 302
    found = Feedback.objects.get()
    assert (found.topic, found.ticket, found.routed_by, found.state) == (ci, ticket, sam, "open")
    assert [item.payload["channel"] for item in OutboundItem.objects.all()] == ["#s_verify"]
    assert "CI" in client.get(f"/tickets/{ticket.pk}/").content.decode()


def test_a_topic_has_a_conversation_once(client, sam, ticket, ci):
    routed(ci, ticket)
    answer = client.post(f"/tickets/{ticket.pk}/feedback/", {"topic": ci.pk, "text": "x", "key": str(uuid4())})
    assert answer.status_code == 422
    assert "on 2026-11-02" in answer.content.decode()
    other = {"topic": "", "text": "x", "key": "nonsense"}
    assert client.post(f"/tickets/{ticket.pk}/feedback/", other).status_code == 422
    assert Feedback.objects.count() == 1


def test_nothing_of_a_restricted_conversation_is_filled_in_or_posted(client, sam, ci):
    hidden = ChannelFactory(visible_to=["advocate"])
    ticket = MessageFactory(text="a hole in the runner", ticket__channel=hidden).ticket
    page = client.get(f"/tickets/{ticket.pk}/feedback/").content.decode()
    assert "a hole in the runner" not in page
    routed(ci, ticket, summary="a hole")
    digests.post_due(MONDAY)
    assert "a hole" not in posts()[0][1]
    client.force_login(UserFactory(role="manager"))
    assert "a hole" not in client.get("/feedback/").content.decode()


def test_what_was_routed_by_mistake_is_taken_back_until_a_digest_tells_it(client, sam, ci):
    found, announced = routed(ci), routed(ci)
    client.post(f"/feedback/{found.pk}/", {"take_back": "1"})
    assert not Feedback.objects.filter(pk=found.pk).exists()
    assert OutboundItem.objects.get(key=found.key).state == "cancelled"
    digests.post_due(MONDAY)
    with pytest.raises(OutcomeRefused):
        routing.take_back(announced.pk, MONDAY)


# --- digests ----------------------------------------------------------------------------------------------------------


def test_each_topic_with_news_is_posted_once_a_week_in_its_room(ci):
    other = Topic.objects.create(name="Plan", slug="plan", slack_channel="#s_plan")
    routed(ci)
    routed(other, summary="wants <!channel> boards")
    for minute in range(-10, 10):
        digests.post_due(MONDAY + timedelta(minutes=minute))
    assert sorted(room for room, _text in posts()) == ["#s_plan", "#s_verify"]
    assert "<!channel>" not in "".join(text for _room, text in posts())
    digests.post_due(MONDAY + timedelta(days=7))
    assert len(posts()) == 2


def test_what_comes_after_the_hour_is_for_the_next_week(ci):
    routed(ci, at=MONDAY + timedelta(minutes=1))
    assert digests.post_due(MONDAY + timedelta(hours=5)) == 0
    assert digests.post_due(MONDAY + timedelta(days=7)) == 1


def test_what_became_of_it_is_in_the_next_digest(ci):
    found = routed(ci)
    digests.post_due(MONDAY)
    fates.settle(found.pk, State.SHIPPED, "jo", MONDAY + timedelta(days=2))
    digests.post_due(MONDAY + timedelta(days=7))
    digests.post_due(MONDAY + timedelta(days=14))
    first, second = (text for _room, text in posts())
    assert "1 new" in first
    assert "shipped" not in first
    assert "1 updated" in second
    assert "shipped" in second
    found.refresh_from_db()
    assert found.digest.due_on == MONDAY.date()


def test_after_an_outage_the_digest_comes_late_once_or_waits_a_week(ci):
    routed(ci)
    assert digests.post_due(MONDAY + timedelta(days=4)) == 0
    assert digests.post_due(MONDAY + timedelta(days=9)) == 1
    routed(ci, at=MONDAY + timedelta(days=10))
    assert digests.post_due(MONDAY + timedelta(days=40)) == 0
    assert digests.post_due(MONDAY + timedelta(days=42)) == 1
    assert len(posts()) == 2


@pytest.mark.parametrize("day", [date(2026, 3, 23), date(2026, 3, 30), date(2026, 10, 26)])
def test_the_hour_is_the_companys_whatever_the_season(rule, day):
    """Germany's clocks change on 29 March and 25 October 2026."""
    rule.time_zone = "Europe/Berlin"
    moment = datetime.combine(day, rule.at, rule.zone)
    assert digests.due(rule, moment) == (day, moment.astimezone(UTC))
    assert digests.due(rule, moment - timedelta(seconds=1))[0] == day - timedelta(days=7)


def test_without_slack_the_digest_is_on_its_page(client, sam, settings, ci):
    settings.SLACK_TOKEN = ""
    assert "No feedback yet" in client.get("/feedback/").content.decode()
    routed(ci)
    assert "In the next digest" in client.get("/feedback/").content.decode()
    digests.post_due(MONDAY)
    page = client.get("/feedback/?topic=ci&state=open").content.decode()
    assert "wants a cache" in page
    assert "open: 1" in page
    assert posts() == []


def test_a_long_week_fits_slack_and_one_broken_topic_keeps_none_from_theirs(ci, monkeypatch):
    other = Topic.objects.create(name="Plan", slug="plan", slack_channel="#s_plan")
    routed(other)
    for _many in range(30):
        routed(ci)
    real = digests._post

    def post(digest, *rest):
        if digest.topic == other:
            raise RuntimeError("this topic is bad")
        real(digest, *rest)

    monkeypatch.setattr(digests, "_post", post)
    assert digests.post_due(MONDAY) == 1
    blocks = OutboundItem.objects.get(conversation__startswith="feedback:").payload["blocks"]
    assert len(blocks) <= 50
    assert Feedback.objects.filter(digest=None).count() == 1


def test_the_page_costs_the_same_however_much_there_is(client, sam, ci, django_assert_max_num_queries):
    for _number in range(12):
        routed(ci)
    digests.post_due(MONDAY)
    with django_assert_max_num_queries(16):
        client.get("/feedback/")


# --- outcomes ---------------------------------------------------------------------------------------------------------


def test_one_click_says_what_became_of_it_and_another_undoes_it(client, sam, ci):
    found = routed(ci)
    client.post(f"/feedback/{found.pk}/", {"state": "answered"})
    found.refresh_from_db()
    assert (found.state, found.state_by) == ("answered", "sam")
    client.post(f"/feedback/{found.pk}/", {"state": "open"})
    client.post(f"/feedback/{found.pk}/", {"state": "nonsense"})
    found.refresh_from_db()
    assert found.state == "open"


def test_a_button_in_slack_does_it_once(client, ci):
    found, now = routed(ci), datetime.now(UTC)
    digests.post_due(MONDAY)
    blocks = OutboundItem.objects.get(conversation__startswith="feedback:").payload["blocks"]
    buttons = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]
    assert {button["value"] for button in buttons} == {str(found.key)}
    assert press(client, now, buttons[-1]["action_id"], found.key, name="jo").status_code == 200
    found.refresh_from_db()
    assert (found.state, found.state_by) == ("shipped", "jo")
    assert press(client, now, buttons[-1]["action_id"], uuid4(), trigger="2").status_code == 200


def test_nobody_clicks_an_issue_is_linked_and_the_digest_says_so(ci):
    """From the request to the channel's digest: only the schedule runs."""
    found = routed(ci)
    digests.run(MONDAY)
    issue = Issue.objects.create(
        connection=found.ticket.channel.connection, namespace="gitlab", external_id="1", title="Cache", key=uuid4(),
        created_at=MONDAY, state="open",
    )  # fmt: skip
    IssueLink.objects.create(ticket=found.ticket, issue=issue, at=MONDAY + timedelta(hours=1))
    for hours in range(0, 24 * 8, 6):
        digests.run(MONDAY + timedelta(hours=hours))
    found.refresh_from_db()
    assert (found.state, found.state_by) == ("issue", "")
    assert len(posts()) == 2
    assert "issue opened" in posts()[1][1]


def test_a_merge_takes_feedback_along_and_a_topic_that_has_both_keeps_both(ci):
    plan = Topic.objects.create(name="Plan", slug="plan")
    found = routed(ci)
    target, (alone, beside) = TicketFactory(), (routed(plan, found.ticket), routed(ci, TicketFactory()))
    merging.merge([found.ticket_id, beside.ticket_id], target.pk, None, NOON)
    for _twice in range(2):
        digests.run(NOON)
    assert set(target.feedback.values_list("pk", flat=True)) == {found.pk, alone.pk}
    beside.refresh_from_db()
    assert beside.ticket.merged_into == target


# --- personal data ----------------------------------------------------------------------------------------------------


def test_it_is_exported_and_erased_with_the_conversation(ci, ticket):
    found = routed(ci, ticket)
    near = routed(ci, TicketFactory(), summary="as author said")
    digests.post_due(MONDAY)
    OutboundItem.objects.update(state="sent")
    scope = scopes.of_author(ticket.requester)
    assert [row["summary"] for row in exporting.collect(scope)["feedback to product"]] == ["wants a cache"]
    erasing.erase(scope, now=MONDAY)
    found.refresh_from_db()
    assert found.summary == ""
    assert "wants a cache" not in str(list(OutboundItem.objects.values_list("payload")))
    assert Feedback.objects.get(pk=near.pk).summary == "as author said"
    assert FeedbackDigest.objects.count() == 1
