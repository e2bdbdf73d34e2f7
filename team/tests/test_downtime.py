"""After the scheduler was down, the team is told once for how long and what was skipped."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache

from channels.models import OutboundItem
from mentions.tests.factories import UserFactory
from team import shifts
from team.duties import rota
from team.models import ReleaseRule
from team.release import planning
from team.schedule import downtime

pytestmark = pytest.mark.django_db
DOWN = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _slack(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    cache.clear()


def texts():
    return list(OutboundItem.objects.order_by("pk").values_list("payload__text", flat=True))


def after(**span):
    downtime.note(DOWN)
    return downtime.note(DOWN + timedelta(**span))


@pytest.mark.parametrize(("minutes", "says"), [(1, False), (29, False), (30, True), (360, True)])
def test_pause_is_announced_and_a_restart_is_not(minutes, says):
    assert after(minutes=minutes) is says
    assert len(texts()) == says


def test_first_run_has_missed_nothing():
    assert downtime.note(DOWN) is False


def test_pause_is_announced_once_whoever_notes_it():
    for _worker in range(2):
        assert after(hours=6)
    (text,) = texts()
    assert "The desk’s scheduler was down for 6 h: <!date^" in text
    assert "Skipped" not in text


def test_without_slack_nothing_is_queued(settings):
    settings.SLACK_TOKEN = ""
    assert after(hours=6) is False


@pytest.mark.parametrize(("ends", "count"), [(12, 1), (13, 1), (15, 0)])
def test_reminders_are_left_out_two_hours_after_the_end_of_a_day(ends, count):
    shifts.add_shifts(UserFactory(), DOWN.date(), time(8), time(ends), ZoneInfo("UTC"))
    after(hours=6)
    assert texts()[0].count("the end-of-day reminder for 1 person") == count


def test_open_hours_of_past_days_and_releases_are_left_out():
    ReleaseRule.objects.create(name="Acme 17", day_of_month=25)
    rota.join("release", UserFactory())
    planning.plan(DOWN)
    after(days=3)
    assert texts()[0].splitlines()[1:] == [
        "Skipped:",
        "• the open hours after Monday, 23 November",
        "• the open hours after Tuesday, 24 November",
        "• the open hours after Wednesday, 25 November",
        "• the announcements of Acme 17 on Wednesday, 25 November",
    ]
