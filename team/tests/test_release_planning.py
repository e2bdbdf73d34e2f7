"""Release days are planned by rule, owned by rota, swapped with consent, and get a shift if nobody is on."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.models import OutboundItem, Team
from mentions.tests.factories import UserFactory
from team import shifts
from team.duties import rota
from team.models import CoverageHours, Holiday, Release, ReleaseRule, ReleaseSwap, Shift
from team.release import planning, release_times, swaps

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def rule():
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))
    return ReleaseRule.objects.create(name="Monthly release", slack_channel="#release-post")


@pytest.fixture
def team():
    people = [UserFactory(role="advocate", username=name) for name in ("ada", "bob", "cy")]
    for user in people:
        rota.join("release", user)
    return people


def owners():
    return [(str(each.day), each.owner and each.owner.username) for each in Release.objects.select_related("owner")]


def test_months_are_planned_in_turn(rule, team):
    assert planning.plan(NOW)
    assert owners() == [
        ("2026-01-22", "ada"), ("2026-02-22", "bob"), ("2026-03-22", "cy"), ("2026-04-22", "ada"), ("2026-05-22", "bob")
    ]  # fmt: skip
    assert not planning.plan(NOW), "planning twice changes nothing"


def test_short_months_have_their_last_day(rule):
    rule.day_of_month = 31
    assert [release_times.day_in(rule, date(2026, month, 1)).day for month in (1, 2, 4, 12)] == [31, 28, 30, 31]


def test_weekend_and_holiday_give_the_owner_a_shift(rule, team):
    Holiday.objects.create(day=date(2026, 1, 22), name="Founders")
    planning.plan(NOW)
    found = {shift.starts_at.date(): shift.user.username for shift in Shift.objects.all()}
    assert found == {date(2026, 1, 22): "ada", date(2026, 2, 22): "bob", date(2026, 3, 22): "cy"}
    assert {shift.note for shift in Shift.objects.all()} == {"Release day"}


def test_a_team_that_works_at_the_weekend_is_there_for_the_release(rule, team):
    weekend = Team.objects.create(name="Weekend")
    CoverageHours.objects.create(weekday=6, starts=time(10), ends=time(14), team=weekend)
    Holiday.objects.create(day=date(2026, 3, 22), name="Off", team=weekend)
    planning.plan(NOW)
    assert [shift.starts_at.date() for shift in Shift.objects.all()] == [date(2026, 3, 22)]


def test_whoever_is_away_is_not_chosen_and_keeps_the_next_turn(rule, team):
    shifts.add_absence(team[0], date(2026, 1, 20), date(2026, 1, 25))
    planning.plan(NOW)
    assert [name for _day, name in owners()][:3] == ["bob", "ada", "cy"]


def test_all_away_leaves_the_day_open_until_somebody_is_there(rule, team):
    absences = [shifts.add_absence(user, date(2026, 1, 1), date(2026, 1, 31)) for user in team]
    planning.plan(NOW)
    assert owners()[0] == ("2026-01-22", None)
    shifts.remove_absence(absences[1].pk, team[1], of_anybody=False)
    planning.plan(NOW)
    assert owners()[0] == ("2026-01-22", "bob")


def test_who_leaves_the_company_is_replaced(rule, team):
    planning.plan(NOW)
    type(team[0]).objects.filter(pk=team[0].pk).update(is_active=False)
    planning.plan(NOW)
    assert {name for _day, name in owners()} == {"bob", "cy"}


def test_without_a_rota_days_are_planned_without_owners(rule):
    planning.plan(NOW)
    assert [name for _day, name in owners()] == [None] * 4


def test_a_changed_rule_moves_planned_days_but_not_those_moved_by_hand(rule, team):
    planning.plan(NOW)
    first, second = Release.objects.all()[:2]
    planning.move(second.pk, date(2026, 2, 24))
    assert not Shift.objects.filter(starts_at__date=date(2026, 2, 22)).exists(), "a Tuesday is covered"
    rule.day_of_month = 20
    rule.save()
    planning.plan(NOW)
    assert [str(each.day) for each in Release.objects.all()[:3]] == ["2026-01-20", "2026-02-24", "2026-03-20"]
    assert Release.objects.get(pk=first.pk).owner == first.owner


def test_hours_follow_dst(rule):
    rule.time_zone = "Europe/Amsterdam"
    winter, summer = (release_times.hours(rule, date(2026, 3, day)) for day in (28, 29))
    assert (winter.start.hour, summer.start.hour) == (7, 6)
    assert summer.end - summer.start == timedelta(hours=14)


def test_hours_over_midnight_end_on_the_next_day(rule):
    rule.starts, rule.ends = time(20), time(4)
    assert release_times.hours(rule, date(2026, 1, 22)) == (
        datetime(2026, 1, 22, 20, tzinfo=UTC), datetime(2026, 1, 23, 4, tzinfo=UTC)
    )  # fmt: skip


@given(st.integers(1, 6), st.integers(1, 40))
def test_turns_go_round_evenly(people, months):
    """Over any period, nobody has more than one turn more than anybody else."""
    turns, day = [], date(2026, 1, 22)
    for _month in range(months):
        turns.append((rota.whose_turn(range(people), turns, (), day), day))
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=22)
    counts = [sum(1 for person, _day in turns if person == each) for each in range(people)]
    assert max(counts) - min(counts) <= 1


# --- swaps ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def planned(rule, team, settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    planning.plan(NOW)
    return list(Release.objects.all())


def texts():
    return list(OutboundItem.objects.order_by("pk").values_list("payload__text", flat=True))


def test_swap_needs_the_others_consent_and_takes_the_shifts_along(planned, team):
    ada, bob, _cy = team
    swap = swaps.ask(planned[0].pk, planned[1].pk, ada, NOW)
    assert owners()[0][1] == "ada", "asking changes nothing"
    with pytest.raises(swaps.SwapRefused):
        swaps.agree(swap.pk, ada, NOW)
    assert swaps.agree(swap.pk, bob, NOW).state == "agreed"
    assert [name for _day, name in owners()][:2] == ["bob", "ada"]
    assert Shift.objects.get(starts_at__date=date(2026, 2, 22)).user == ada
    with pytest.raises(swaps.SwapRefused):
        swaps.agree(swap.pk, bob, NOW)
    assert len(texts()) == 2
    assert "Thursday, 22 January" in texts()[0]
    assert "swapped" in texts()[1]


def test_refused_and_withdrawn_requests_change_nothing(planned, team):
    ada, bob, _cy = team
    swaps.decline(swaps.ask(planned[0].pk, planned[1].pk, ada, NOW).pk, bob, NOW)
    second = swaps.ask(planned[0].pk, planned[1].pk, ada, NOW)
    with pytest.raises(swaps.SwapRefused, match="asked somebody already"):
        swaps.ask(planned[0].pk, planned[2].pk, ada, NOW)
    swaps.withdraw(second.pk, ada, NOW)
    assert [name for _day, name in owners()][:2] == ["ada", "bob"]
    assert len(texts()) == 3


@pytest.mark.parametrize(
    ("mine", "other"), [(1, 0), (0, 3), (0, 0), (0, 99)], ids=["not mine", "mine too", "itself", "no such day"]
)
def test_requests_that_make_no_sense_are_refused(planned, team, mine, other):
    target = planned[other].pk if other < len(planned) else 10**6
    with pytest.raises(swaps.SwapRefused):
        swaps.ask(planned[mine].pk, target, team[0], NOW)
    assert not ReleaseSwap.objects.exists()


def test_request_lapses_when_a_day_begins_or_changes_hands(planned, team):
    ada, bob, cy = team
    swap = swaps.ask(planned[0].pk, planned[1].pk, ada, NOW)
    planning.assign(planned[1].pk, cy)
    assert swaps.agree(swap.pk, bob, NOW).state == "lapsed"
    assert owners()[0][1] == "ada"
    late = swaps.ask(planned[0].pk, planned[2].pk, ada, NOW)
    assert swaps.lapse(NOW) == 0
    assert swaps.lapse(datetime(2026, 1, 22, 8, tzinfo=UTC)) == 1
    late.refresh_from_db()
    assert late.state == "lapsed"
