"""Who is on, who is away, and which hours nobody has taken."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels.models import Team
from mentions.models import Preference
from mentions.tests.factories import UserFactory
from team import roster, shifts
from team.models import Absence, CoverageHours, Holiday, Shift

pytestmark = pytest.mark.django_db
UTC_ZONE, AMSTERDAM = ZoneInfo("UTC"), ZoneInfo("Europe/Amsterdam")
MONDAY = date(2026, 11, 23)


def at(hour, day=23):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hours():
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))


@pytest.fixture
def ada():
    return UserFactory(username="ada", role="advocate")


@pytest.fixture
def bob():
    return UserFactory(username="bob", role="advocate")


def gaps(first=23, last=24, now=datetime(2026, 11, 1, tzinfo=UTC)):
    return [tuple(span) for span in roster.between(at(0, first), at(0, last), now).gaps]


def test_team_that_enters_no_shifts_has_no_gaps():
    assert gaps() == []


def test_hours_that_nobody_takes_are_gaps(ada, bob):
    shifts.add_shifts(ada, MONDAY, time(7), time(15), UTC_ZONE)
    shifts.add_shifts(bob, MONDAY, time(17), time(23), UTC_ZONE)
    assert gaps() == [(at(15), at(17))]


def test_gaps_of_the_past_are_nobodys_business(ada):
    shifts.add_shifts(ada, MONDAY, time(8), time(10), UTC_ZONE)
    assert gaps(now=at(15)) == [(at(15), at(22))]
    assert gaps(now=at(1, 25)) == []


def test_absence_opens_the_hours_of_a_shift_in_the_persons_own_zone(ada):
    Preference.objects.create(user=ada, time_zone="America/New_York")
    shifts.add_shifts(ada, MONDAY, time(0), time(23), UTC_ZONE)
    shifts.add_absence(ada, MONDAY, MONDAY)
    shown = roster.between(at(0), at(0, 24), at(0))
    assert [tuple(p.span) for p in shown.present] == [(at(0), at(5))]
    assert [tuple(span) for span in shown.gaps] == [(at(8), at(22))]
    assert roster.is_away(ada, at(12))
    assert not roster.is_away(ada, at(3))


def test_holiday_has_no_gaps(ada):
    shifts.add_shifts(ada, date(2026, 11, 20), time(8), time(22), UTC_ZONE)
    Holiday.objects.create(day=MONDAY, name="Thanksgiving, early")
    assert gaps() == []
    (day,) = roster.between(at(0), at(0, 24), at(0)).days(MONDAY, 1, UTC_ZONE)
    assert (day.holiday, day.hours) == ("Thanksgiving, early", [])


def test_each_team_has_its_own_shifts_and_gaps(ada, bob):
    team = Team.objects.create(name="Americas")
    CoverageHours.objects.create(weekday=0, starts=time(14), ends=time(0), team=team)
    shifts.add_shifts(ada, MONDAY, time(8), time(22), UTC_ZONE)
    assert gaps() == roster.between(at(0), at(0, 24), at(0), team.pk).gaps == [], "no shifts of theirs are known yet"
    shifts.add_shifts(bob, MONDAY, time(14), time(20), UTC_ZONE, team=team)
    assert gaps() == []
    assert [tuple(span) for span in roster.between(at(0), at(0, 24), at(0), team.pk).gaps] == [(at(20), at(0, 24))]
    for whose, people in ((None, [ada, bob]), (roster.DESK, [ada]), (team.pk, [bob])):
        assert roster.on_now(at(15), whose) == people
    Preference.objects.create(user=UserFactory(username="eve"), shift_until=at(23))
    assert [user.username for user in roster.on_now(at(15), roster.DESK)] == ["ada", "eve"]
    assert roster.on_now(at(15), team.pk) == [bob]


def test_on_now_are_those_on_shift_and_those_who_say_so(ada, bob):
    shifts.add_shifts(ada, MONDAY, time(8), time(12), UTC_ZONE)
    Preference.objects.create(user=bob, shift_until=at(11))
    gone = UserFactory(username="gone", is_active=False)
    Shift.objects.create(user=gone, starts_at=at(8), ends_at=at(20))
    assert roster.on_now(at(10)) == [ada, bob]
    assert roster.on_now(at(11)) == [ada]
    assert roster.on_now(at(12)) == []


def test_shifts_of_every_week_keep_their_local_hours_across_dst(ada):
    made = shifts.add_shifts(ada, date(2026, 10, 19), time(9), time(17), AMSTERDAM, until=date(2026, 11, 2))
    assert [shift.starts_at.hour for shift in made] == [7, 8, 8]
    assert {shift.ends_at - shift.starts_at for shift in made} == {timedelta(hours=8)}


def test_shift_over_midnight_ends_the_next_day_and_shows_on_both(ada):
    (shift,) = shifts.add_shifts(ada, MONDAY, time(22), time(6), UTC_ZONE)
    assert shift.ends_at == at(6, 24)
    days = roster.between(at(0), at(0, 26), at(0)).days(MONDAY, 3, UTC_ZONE)
    assert [len(day.on) for day in days] == [1, 1, 0]


def test_entering_twice_adds_nothing(ada):
    for _ in range(2):
        shifts.add_shifts(ada, MONDAY, time(8), time(12), UTC_ZONE, until=MONDAY + timedelta(weeks=2))
        shifts.add_absence(ada, MONDAY, MONDAY)
    assert (Shift.objects.count(), Absence.objects.count()) == (3, 1)


def test_endless_repetition_ends_after_half_a_year(ada):
    made = shifts.add_shifts(ada, MONDAY, time(8), time(12), UTC_ZONE, until=date(2999, 1, 1))
    assert len(made) == shifts.MAX_WEEKS


def test_own_are_removed_and_those_of_others_only_with_the_right(ada, bob):
    (shift,) = shifts.add_shifts(ada, MONDAY, time(8), time(12), UTC_ZONE)
    assert shifts.remove_shift(shift.pk, bob, of_anybody=False) is None
    assert shifts.remove_shift(shift.pk, bob, of_anybody=True) == shift
    assert shifts.remove_shift(shift.pk, ada, of_anybody=False) is None
