"""A release day against the sandbox's Slack: colleagues' messages in its channel reach the page of the day."""

from datetime import UTC, time

import pytest

from advocacy.tests import scenario
from team.models import Release, ReleaseRule, RoomMessage
from team.release_room import reading

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def release(desk):
    ReleaseRule.objects.all().delete()
    today = desk.now().astimezone(UTC).date()
    rule = ReleaseRule.objects.create(name="Today", starts=time(0), ends=time(0), slack_channel="#release-post")
    return Release.objects.create(rule=rule, month=today.replace(day=1), day=today)


def say(desk, text, who, **more):
    return desk.outside.post("slack", text=text, author=who, **more)


def test_room_is_read_with_names_threads_links_and_edits(desk, release):
    said = say(desk, "The post is out: https://acme.example/r", "claire", channel="release-post")
    where = said["id"].replace(":", "/")
    say(desk, "Great!", "tom", reply_to=where)
    assert reading.read_due(desk.now()) == 1
    found = list(RoomMessage.objects.values_list("who", "text", "url"))
    assert [row[:2] for row in found] == [
        ("Claire Dubois", "The post is out: https://acme.example/r"),
        ("Tom Brennan", "Great!"),
    ]
    assert found[0][2] == said["url"]
    desk.outside.control("edit", platform="slack", id=where, text="The post is late")
    reading.read_due(desk.now())
    assert RoomMessage.objects.earliest("ts").text == "The post is late"


def test_room_that_slack_does_not_have_is_said(desk, release):
    ReleaseRule.objects.update(slack_channel="#no-such-room")
    assert reading.read_due(desk.now()) == 0
    assert "#no-such-room" in release.room.error
