"""Who sees a ticket that combines restricted and public messages; maintained by database triggers."""

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from channels.models import Channel, OutboundItem
from mentions.models import AudienceLimit, Author, Person
from mentions.notifications import notices, sharing
from mentions.people import access, audience
from mentions.tests.factories import (
    NOON,
    ChannelFactory,
    MessageFactory,
    PersonFactory,
    TicketFactory,
    UserFactory,
)
from mentions.triage import merging

pytestmark = pytest.mark.django_db
SECRET = "remote code execution in the runner"


def sees(role, ticket):
    return access.visible_tickets(UserFactory(role=role)).filter(pk=ticket.pk).exists()


@pytest.fixture
def report():
    channel = ChannelFactory(name="HackerOne", visible_to=["advocate"], slack_channels=["#security"])
    return MessageFactory(ticket__channel=channel, ticket__subject=SECRET, text=SECRET).ticket


@pytest.fixture
def tweet():
    return MessageFactory(text="Is the runner safe?").ticket


def limited(ticket):
    return list(AudienceLimit.objects.filter(ticket=ticket).values_list("channel", flat=True))


@pytest.mark.parametrize("way", ["report into tweet", "tweet into report"])
def test_what_is_merged_with_a_report_is_as_restricted(report, tweet, way):
    source, target = (report, tweet) if way == "report into tweet" else (tweet, report)
    assert sees("volunteer", tweet)
    merging.merge([source.pk], target.pk, UserFactory(role="advocate"), NOON)
    assert not sees("volunteer", target)
    assert sees("advocate", target)


def test_a_chain_of_merges_stays_restricted(report, tweet):
    end, actor = MessageFactory().ticket, UserFactory(role="advocate")
    merging.merge([report.pk], tweet.pk, actor, NOON)
    merging.merge([tweet.pk], end.pk, actor, NOON)
    assert not sees("volunteer", end)


def test_splitting_the_report_off_again_leaves_notes_and_history_restricted(report, tweet):
    actor, message = UserFactory(role="advocate"), report.messages.get()
    merging.merge([report.pk], tweet.pk, actor, NOON)
    new = merging.split(tweet.pk, [message.pk], actor, NOON)
    assert not sees("volunteer", new)
    assert not sees("volunteer", tweet)


def test_a_channel_that_becomes_restricted_after_the_merge_counts(tweet):
    other = MessageFactory().ticket
    merging.merge([other.pk], tweet.pk, UserFactory(role="advocate"), NOON)
    assert sees("volunteer", tweet)
    Channel.objects.filter(pk=other.channel_id).update(visible_to=["advocate"])
    assert not sees("volunteer", tweet)


def test_a_restricted_message_in_a_public_conversation_restricts_it(report, tweet):
    MessageFactory(ticket=tweet, channel=report.channel, direction="team")
    assert sees("volunteer", tweet)  # the requester reads what we answer from a restricted handle
    MessageFactory(ticket=tweet, channel=report.channel)
    assert limited(tweet) == [report.channel_id]
    assert not sees("volunteer", tweet)


def test_messages_count_from_the_day_that_their_channel_becomes_restricted(tweet):
    later = ChannelFactory()
    MessageFactory(ticket=tweet, channel=later)
    assert limited(tweet) == []
    Channel.objects.filter(pk=later.pk).update(visible_to=["advocate"])
    assert not sees("volunteer", tweet)


def test_the_merge_page_says_who_will_lose_sight(report, tweet):
    client = Client()
    client.force_login(UserFactory(role="advocate"))
    page = client.get(f"/tickets/{report.pk}/merge/", {"into": tweet.pk}).content.decode()
    assert "HackerOne is restricted" in page
    assert f"Everybody else loses access to #{tweet.pk}" in page
    public = MessageFactory().ticket
    assert "is restricted" not in client.get(f"/tickets/{public.pk}/merge/", {"into": tweet.pk}).content.decode()


def test_the_circle_of_two_restricted_channels_is_what_both_share():
    first = TicketFactory(channel=ChannelFactory(visible_to=["advocate", "manager"]))
    second = TicketFactory(channel=ChannelFactory(visible_to=["advocate", "admin"]))
    assert audience.circle_of([first, second]).roles == ["advocate"]
    assert audience.circle_of([TicketFactory()]).channels == []


# --- people -----------------------------------------------------------------------------------------------------------


def test_the_page_of_an_author_shows_only_accounts_in_sight_and_notes_to_those_who_may_change_authors(report, tweet):
    person = PersonFactory(name="Jane", notes="sells exploits")
    Author.objects.filter(pk__in=[report.requester_id, tweet.requester_id]).update(person=person)
    Author.objects.filter(pk=report.requester_id).update(handle="zeroday")
    seen = {}
    for role in ("volunteer", "manager", "advocate"):
        client = Client()
        client.force_login(UserFactory(role=role))
        seen[role] = client.get(f"/authors/{tweet.requester_id}/").content.decode()
        seen[role] += client.get(f"/tickets/{tweet.pk}/").content.decode()
    assert {role for role, page in seen.items() if "zeroday" in page} == {"advocate"}
    assert {role for role, page in seen.items() if "sells exploits" in page} == {"advocate"}


def test_notes_about_somebody_with_a_hidden_account_are_hidden_too(report):
    person = PersonFactory(notes="sells exploits")
    Author.objects.filter(pk=report.requester_id).update(person=person)
    Channel.objects.update(visible_to=["manager"])
    advocate = UserFactory(role="advocate")
    assert access.notes_about(person, advocate) == ""
    assert not access.seen_by(advocate, Person).filter(pk=person.pk).exists()
    assert access.notes_about(PersonFactory(notes="a friend"), advocate) == "a friend"


# --- Slack ------------------------------------------------------------------------------------------------------------


def test_slack_hears_of_a_restricted_mention_only_where_its_own_channel_says(report, tweet, monkeypatch):
    monkeypatch.setattr(settings, "SLACK_TOKEN", "xoxb-test")
    now = timezone.now()
    Channel.objects.filter(pk=tweet.channel_id).update(slack_channels=["#mentions"], slack_mode="hourly")
    merging.merge([report.pk], tweet.pk, UserFactory(role="advocate"), now)
    tweet.messages.update(posted_at=now, ingested_at=now)
    for message in tweet.messages.all():
        message.sightings.get_or_create(channel=message.channel, defaults={"at": now})
    notices.note(None, now)
    notices.post_due(notices.next_hour(now))
    posted = {item.payload["channel"]: str(item.payload) for item in OutboundItem.objects.filter(kind="slack")}
    assert set(posted) == {"#security", "#mentions"}
    assert SECRET in posted["#security"]
    assert SECRET not in posted["#mentions"]


def test_sharing_a_restricted_ticket_offers_only_its_address_and_warns(report, tweet):
    assert SECRET not in sharing.words_for(report)
    assert f"/tickets/{report.pk}/" in sharing.words_for(report)
    assert "Is the runner safe?" in sharing.words_for(tweet)
    client = Client()
    client.force_login(UserFactory(role="advocate"))
    assert "HackerOne is restricted" in client.get(f"/tickets/{report.pk}/share/").content.decode()
