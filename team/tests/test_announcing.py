"""Open hours are announced once a day, even if the scheduler was down."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from channels.models import OutboundItem, Team
from mentions.tests.factories import UserFactory
from team import shifts
from team.models import CoverageHours
from team.schedule import announcing

pytestmark = pytest.mark.django_db


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _slack(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))
    shifts.add_shifts(UserFactory(), date(2026, 11, 23), time(8), time(20), ZoneInfo("UTC"))


def texts():
    return list(OutboundItem.objects.order_by("pk").values_list("payload__text", flat=True))


def test_gaps_of_the_next_day_are_announced_once_from_noon():
    assert [announcing.announce_gaps(at(22, hour)) for hour in (10, 11)] == [False, False]
    for hour in (12, 13, 18):
        assert announcing.announce_gaps(at(22, hour))
    (text,) = texts()
    assert "2026-11-23 20:00–22:00 UTC" in text
    assert "/coverage/" in text
    announcing.announce_gaps(at(23, 12))
    assert len(texts()) == 2


def test_gaps_of_a_team_are_said_with_its_name():
    team = Team.objects.create(name="Asia <3")
    CoverageHours.objects.create(weekday=0, starts=time(1), ends=time(9), team=team)
    shifts.add_shifts(UserFactory(), date(2026, 11, 23), time(1), time(7), ZoneInfo("UTC"), team=team)
    assert announcing.announce_gaps(at(22, 12))
    (text,) = texts()
    other, own = text.splitlines()[1:3]
    assert other.startswith("• Asia &lt;3: <!date^")
    assert "2026-11-23 07:00–09:00 UTC" in other
    assert own.startswith("• <!date^")
    assert "2026-11-23 20:00–22:00 UTC" in own


def test_scheduler_that_was_down_at_noon_says_it_later_and_does_not_make_up_for_days():
    announcing.announce_gaps(at(22, 18))
    announcing.announce_gaps(at(25, 19))
    assert len(texts()) == 2


def test_gap_that_comes_nearer_in_the_afternoon_is_left_to_the_next_noon():
    """Monday's announcement covers hours until the end of Tuesday, whose evening is open, and never Wednesday's."""
    shifts.add_shifts(UserFactory(), date(2026, 11, 23), time(19), time(23), ZoneInfo("UTC"))
    shifts.add_shifts(UserFactory(), date(2026, 11, 24), time(7), time(23), ZoneInfo("UTC"))
    assert [announcing.announce_gaps(at(23, hour)) for hour in range(12, 24)] == [False] * 12
    assert announcing.announce_gaps(at(24, 12))
    assert "2026-11-25 08:00–22:00 UTC" in texts()[0]


def test_no_gaps_no_message():
    shifts.add_shifts(UserFactory(), date(2026, 11, 23), time(19), time(23), ZoneInfo("UTC"))
    shifts.add_shifts(UserFactory(), date(2026, 11, 24), time(7), time(23), ZoneInfo("UTC"))
    assert not announcing.announce_gaps(at(22, 12))
    assert texts() == []


def test_without_slack_nothing_is_queued(settings):
    settings.SLACK_TOKEN = ""
    assert not announcing.announce_gaps(at(22, 12))
