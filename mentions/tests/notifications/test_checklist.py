"""The weekly checklist: each channel once a week, whoever looks at it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from channels.models import OutboundItem
from mentions.models import ChannelCheck
from mentions.notifications import checklist
from mentions.people import roles
from mentions.tests.factories import ChannelFactory, UserFactory

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
WEEK = timedelta(weeks=1)


@pytest.fixture
def sam(client: Client):
    user = UserFactory()
    user.groups.add(Group.objects.get(name=roles.ADVOCATE))
    client.force_login(user)
    return user


def quiet(**values):
    return ChannelFactory(is_checked_weekly=True, is_active=False, web_url="https://quora.example/acme", **values)


def test_a_week_begins_on_monday():
    assert checklist.week_of(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == date(2026, 11, 16)
    assert checklist.week_of(MONDAY) == date(2026, 11, 23)


def test_what_is_looked_at_goes_to_the_end_and_comes_back_next_week(sam):
    first, second = quiet(name="A"), quiet(name="B")
    ChannelFactory()
    checklist.check(first, sam, "nothing new", MONDAY)
    checklist.check(first, UserFactory(), "again", MONDAY)
    assert [line.channel for line in checklist.lines(sam, MONDAY)] == [second, first]
    assert ChannelCheck.objects.get().note == "nothing new"
    then = checklist.lines(sam, MONDAY + WEEK)
    assert [(line.channel, line.check) for line in then] == [(first, None), (second, None)]
    assert then[0].last.note == "nothing new"


def test_the_page_ticks_off_and_takes_back(sam, client):
    channel = quiet(name="Quora")
    page = client.get(reverse("mentions:checklist")).content.decode()
    assert "https://quora.example/acme" in page
    client.post(reverse("mentions:tick", args=[channel.pk]), {"note": "two questions"})
    assert ChannelCheck.objects.get().done_by == sam
    assert "two questions" in client.get(reverse("mentions:checklist")).content.decode()
    client.post(reverse("mentions:tick", args=[channel.pk]), {"undo": "1"})
    assert not ChannelCheck.objects.exists()


def test_hidden_channels_are_not_on_the_list(sam, client):
    channel = quiet(visible_to=["manager"])
    assert checklist.lines(sam, MONDAY) == []
    assert client.post(reverse("mentions:tick", args=[channel.pk])).status_code == 404


def test_the_page_costs_the_same_at_1_and_at_30(sam, client, django_assert_num_queries, django_assert_max_num_queries):
    checklist.check(quiet(), sam, "", MONDAY)
    client.get(reverse("mentions:checklist"))
    with django_assert_max_num_queries(12) as few:
        client.get(reverse("mentions:checklist"))
    for _ in range(29):
        checklist.check(quiet(), sam, "", MONDAY)
    with django_assert_num_queries(len(few.captured_queries)):
        client.get(reverse("mentions:checklist"))


@pytest.mark.parametrize(
    ("at", "is_reminded"),
    [
        (MONDAY, True),
        (MONDAY.replace(hour=7), False),
        (MONDAY + timedelta(days=1), False),
    ],
)
def test_the_team_is_reminded_on_monday_morning(settings, at, is_reminded):
    settings.TEAM_SLACK_CHANNEL, settings.SLACK_TOKEN = "#community-advocates", "xoxb-of-a-test"
    quiet(name="Quora <!channel>")
    assert checklist.remind(at) is is_reminded
    checklist.remind(at)
    texts = [item.payload["text"] for item in OutboundItem.objects.all()]
    assert len(texts) == is_reminded
    assert "<!channel>" not in "".join(texts)


def test_nobody_is_reminded_of_what_is_done(settings, sam):
    settings.TEAM_SLACK_CHANNEL, settings.SLACK_TOKEN = "#community-advocates", "xoxb-of-a-test"
    checklist.check(quiet(), sam, "", MONDAY)
    assert not checklist.remind(MONDAY)
