"""Weeks with nobody clicking: release days, expertises and the monthly meeting make each announcement once, at its
local hour, across the change to summer time and six hours of scheduler downtime."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from channels.models import OutboundItem
from mentions.tests.factories import UserFactory
from team import shifts, tasks
from team.duties import rota
from team.expertise import rotation
from team.models import CoverageHours, Expertise, MeetingRule, Release, ReleaseRule, ReleaseSwap, Shift
from team.release import planning, swaps

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
START, END = datetime(2026, 3, 16, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC)
DOWN = (datetime(2026, 3, 29, 3, tzinfo=UTC), datetime(2026, 3, 29, 9, tzinfo=UTC))
"""Spans the beginning of the release day, 06:00 UTC."""


@pytest.fixture
def team(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))
    people = [UserFactory(role="advocate", username=name) for name in ("ada", "bob")]
    for user in people:
        rota.join("release", user)
        rota.join("meeting", user)
    return people


def hours():
    """The hours of these weeks, except during the downtime."""
    every = (START + HOUR * n for n in range((END - START) // HOUR))
    return [now for now in every if not DOWN[0] <= now < DOWN[1]]


def run(stop_clock, hours):
    """[(hour, announcement)]."""
    found = []
    for now in hours:
        stop_clock(now)
        before = OutboundItem.objects.count()
        for task in (tasks.follow_releases, tasks.rotate_expertises, tasks.prompt_meetings):
            task()
        new = OutboundItem.objects.order_by("pk")[before:]
        found += [(now, item.payload["text"].split("\n")[0]) for item in new]
    return found


def test_weeks_of_the_team_with_nobody_clicking(team, stop_clock):
    ada, bob = team
    ReleaseRule.objects.create(
        name="Acme", day_of_month=29, time_zone="Europe/Amsterdam", slack_channel="#release-post"
    )
    MeetingRule.objects.create(name="Key meeting", day_of_month=31, time_zone="Europe/Amsterdam")
    merch = Expertise.objects.create(name="Merch", owner=ada)
    rotation.plan(merch.pk, bob, date(2026, 3, 30))
    planning.plan(START)
    first, second = Release.objects.order_by("day")[:2]
    swaps.ask(first.pk, second.pk, ada, START)  # bob never answers
    shifts.add_absence(ada, date(2026, 3, 29), date(2026, 3, 29))
    asked = [(START, item.payload["text"].split("\n")[0]) for item in OutboundItem.objects.all()]
    said = [*asked, *run(stop_clock, hours())]
    assert [(f"{at:%d %H}", text.partition(", <!date")[0]) for at, text in said] == [
        ("16 00", "bob, ada asks to swap release duty: you take Sunday, 29 March, they take Wednesday, 29 April."),
        ("22 07", "Acme: release day is Sunday, 29 March"),
        ("23 08", "Merch rotates on Monday, 30 March: bob takes over from ada. Meet before then to hand over."),
        ("27 08", "Key meeting: the slides are due on Tuesday, 31 March. ada, the numbers and the checklist are here:"),
        ("29 09", "Acme: release day is today."),
        ("29 09", "ada is answering what people say about Acme today. Tell them here when the release post is out."),
        ("30 06", "Release day is over: 0 mentions, 0 answered, 0 still waiting."),
        ("30 08", "Merch: bob takes over from ada today."),
        ("31 07", "Key meeting: the slides were due, and nobody has reported that they are up to date. Duty: ada"),
    ]  # fmt: skip
    assert ReleaseSwap.objects.get().state == "lapsed"
    assert Shift.objects.filter(user=ada, note="Release day").count() == 1
    again = sorted({*(at for at, _text in said), *hours()[::6]})
    assert run(stop_clock, again) == [], "whatever runs again says nothing again"
