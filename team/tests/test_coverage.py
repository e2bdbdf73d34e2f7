"""Coverage hours: several periods, time zones, holidays, DST."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels import dispatch
from channels.models import Team
from mentions.clocks import covered
from team import coverage
from team.coverage import Coverage, Period, Span, clipped, merged, without
from team.models import CoverageHours, Holiday

UTC_ZONE, AMSTERDAM, NEW_YORK = ZoneInfo("UTC"), ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/New_York")
OFFICE = Coverage([Period(day, time(8), time(22), UTC_ZONE) for day in range(5)])


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_covered", "following"),
    [
        ("2026-11-20T07:59", False, "2026-11-20T08:00"),
        ("2026-11-20T08:00", True, "2026-11-23T08:00"),
        ("2026-11-20T21:59", True, "2026-11-23T08:00"),
        ("2026-11-20T22:00", False, "2026-11-23T08:00"),
        ("2026-11-22T12:00", False, "2026-11-23T08:00"),
    ],
)
def test_handbooks_hours(moment, is_covered, following):
    assert OFFICE.covers(at(moment)) is is_covered
    assert OFFICE.next_start(at(moment)) == at(following)


def test_local_hours_move_with_dst():
    hours = Coverage([Period(day, time(9), time(17), AMSTERDAM) for day in range(7)])
    before, after = hours.spans(at("2026-10-24T00:00"), at("2026-10-26T00:00"))
    assert before == (at("2026-10-24T07:00"), at("2026-10-24T15:00"))
    assert after == (at("2026-10-25T08:00"), at("2026-10-25T16:00"))


def test_night_of_the_change_is_an_hour_longer_or_shorter():
    whole_day = Coverage([Period(6, time(0), time(0), AMSTERDAM)])
    long, short = (whole_day.spans(at(day) - timedelta(days=1), at(day) + timedelta(days=2)) for day in
                   ("2026-10-25T00:00", "2026-03-29T00:00"))  # fmt: skip
    assert [span.end - span.start for span in (*long, *short)] == [timedelta(hours=25), timedelta(hours=23)]


def test_periods_of_two_zones_that_meet_are_one_span():
    hours = Coverage([Period(0, time(9), time(18), AMSTERDAM), Period(0, time(11), time(20), NEW_YORK)])
    # 08:00–17:00 and 16:00–01:00 UTC
    assert hours.spans(at("2026-11-23T00:00"), at("2026-11-25T00:00")) == [
        (at("2026-11-23T08:00"), at("2026-11-24T01:00"))
    ]


def test_holiday_is_a_day_of_each_zone():
    hours = Coverage(
        [Period(day, time(0), time(0), zone) for day in range(7) for zone in (AMSTERDAM, NEW_YORK)],
        {date(2026, 12, 25)},
    )
    uncovered = without([Span(at("2026-12-24T00:00"), at("2026-12-27T00:00"))],
                        hours.spans(at("2026-12-24T00:00"), at("2026-12-27T00:00")))  # fmt: skip
    assert uncovered == [(at("2026-12-25T05:00"), at("2026-12-25T23:00"))]


def test_no_hours_no_coverage():
    assert Coverage([]).spans(at("2026-01-01T00:00"), at("2027-01-01T00:00")) == []
    assert Coverage([]).next_start(at("2026-01-01T00:00")) is None


@pytest.mark.django_db
def test_load_reads_periods_and_holidays(django_assert_num_queries):
    CoverageHours.objects.create(weekday=0, starts=time(8), ends=time(0), time_zone="Asia/Tokyo")
    Holiday.objects.create(day=date(2026, 1, 1), name="New Year")
    with django_assert_num_queries(2):
        found = coverage.load()
    assert found == Coverage([Period(0, time(8), time(0), ZoneInfo("Asia/Tokyo"))], frozenset({date(2026, 1, 1)}))


@pytest.mark.django_db
def test_together_is_whenever_the_desk_or_a_team_is_there(django_assert_num_queries):
    """Saturday belongs to the night team. The desk's holiday on a Monday doesn't affect the night team's hours."""
    night, other = (Team.objects.create(name=name) for name in ("Night", "Without hours"))
    for weekday, starts, ends, team in ((0, 8, 16, None), (5, 20, 22, night), (0, 20, 22, night)):
        CoverageHours.objects.create(weekday=weekday, starts=time(starts), ends=time(ends), team=team)
    for day, team in ((5, other), (12, night), (19, None)):
        Holiday.objects.create(day=date(2026, 1, day), name="Off", team=team)
    with django_assert_num_queries(2):
        found = coverage.together()
    spans = found.spans(at("2026-01-05T00:00"), at("2026-01-20T00:00"))
    assert [f"{span.start:%a %d %H}–{span.end:%H}" for span in spans] == [
        "Mon 05 08–16", "Mon 05 20–22", "Sat 10 20–22", "Mon 12 08–16", "Sat 17 20–22",
    ]  # fmt: skip
    CoverageHours.objects.filter(team=None).delete()
    assert coverage.together().periods == [], "the desk has no hours: it always is there"


minutes = st.integers(0, 500)
spans = st.lists(
    st.tuples(minutes, st.integers(1, 60)).map(
        lambda pair: Span(at("2026-01-01T00:00") + timedelta(minutes=pair[0]),
                          at("2026-01-01T00:00") + timedelta(minutes=sum(pair)))
    ),
    max_size=8,
)  # fmt: skip


def as_minutes(found):
    start = at("2026-01-01T00:00")
    return {start + timedelta(minutes=n) for n in range(600) for span in found
            if span.start <= start + timedelta(minutes=n) < span.end}  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans, spans)
def test_spans_are_sets_of_minutes(ours, theirs):
    assert as_minutes(merged(ours)) == as_minutes(ours)
    assert as_minutes(without(ours, theirs)) == as_minutes(ours) - as_minutes(theirs)
    whole = at("2026-01-01T01:00"), at("2026-01-01T05:00")
    assert as_minutes(clipped(ours, *whole)) == as_minutes(ours) & as_minutes([Span(*whole)])
    for found in (merged(ours), without(ours, theirs)):
        assert all(first.end < second.start for first, second in pairwise(found))


ZONES = st.sampled_from([AMSTERDAM, NEW_YORK, ZoneInfo("Australia/Lord_Howe")])
"""Their clocks change by an hour, on different days, and by half an hour."""
quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))


@st.composite
def calendars(draw):
    """Up to eight periods in three zones; days off around DST changes and at the ends of months."""
    periods = []
    for _ in range(draw(st.integers(0, 8))):
        one, other = sorted((draw(quarters), draw(quarters)))
        ends = other if other > one and draw(st.booleans()) else time(0)
        periods.append(Period(draw(st.integers(0, 6)), one, ends, draw(ZONES)))
    days = st.sampled_from(["2026-03-29", "2026-04-05", "2026-10-25", "2026-11-01", "2026-10-31", "2026-10-04"])
    return Coverage(periods, {date.fromisoformat(day) for day in draw(st.sets(days))})


def is_covered(calendar, minute):
    """Whether the minute is covered, by the local time in each zone."""
    if not calendar.periods:
        return True
    for period in calendar.periods:
        wall = minute.astimezone(period.zone)
        begins = period.starts <= wall.time() and (period.ends == time(0) or wall.time() < period.ends)
        if wall.weekday() == period.weekday and wall.date() not in calendar.holidays and begins:
            return True
    return False


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calendars(), st.sampled_from(["2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"]),
       st.integers(0, 1440), st.integers(0, 3 * 1440))  # fmt: skip
def test_covered_time_is_what_the_minutes_say(calendar, day, offset, length):
    start = at(f"{day}T00:00") + timedelta(minutes=offset)
    minutes = sum(is_covered(calendar, start + timedelta(minutes=n)) for n in range(length))
    assert calendar.between(start, start + timedelta(minutes=length)) == timedelta(minutes=minutes)


@pytest.mark.django_db
def test_published_hours_are_the_calendars():
    """Two lookups in the published hours of the reply clocks match a walk over the calendar's days."""
    Holiday.objects.create(day=date(2026, 10, 26), name="Bridge")
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(9), ends=time(17), time_zone="Europe/Amsterdam")
    now = at("2026-11-20T12:00")
    assert coverage.publish(now)
    assert not coverage.publish(now + timedelta(hours=1))
    published, calendar = covered.load(), coverage.load()
    for hours in range(0, 24 * 60, 7):
        start = at("2026-10-01T00:00") + timedelta(hours=hours)
        end = start + timedelta(hours=hours % 50)
        assert published.between(start, end) == calendar.between(start, end)


@pytest.mark.django_db
def test_a_team_has_its_own_hours_and_holidays_or_the_desks():
    for team in (None, americas := Team.objects.create(name="Americas")):
        starts, zone = (time(9), "America/New_York") if team else (time(8), "UTC")
        CoverageHours.objects.create(weekday=0, starts=starts, ends=time(17), time_zone=zone, team=team)
    asia = Team.objects.create(name="Asia")
    Holiday.objects.create(day=date(2026, 11, 2), name="For all")
    Holiday.objects.create(day=date(2026, 11, 16), name="Theirs", team=americas)

    def starts_of(number):
        return [span.start for span in coverage.load(number).spans(at("2026-11-01T00:00"), at("2026-11-24T00:00"))]

    desk = [at("2026-11-09T08:00"), at("2026-11-16T08:00"), at("2026-11-23T08:00")]
    assert starts_of(coverage.DESK) == starts_of(asia.pk) == desk
    assert starts_of(americas.pk) == [at("2026-11-09T14:00"), at("2026-11-23T14:00")]
    assert coverage.publish(at("2026-11-20T12:00"))
    for number in (coverage.DESK, americas.pk, asia.pk):
        shown = dict(covered.load(number).spans)
        assert [start for start in starts_of(number) if start not in shown] == []
    assert covered.away(at("2026-11-23T09:00")) == {americas.pk}
    CoverageHours.objects.all().delete()
    coverage.publish(at("2026-11-20T12:00"))
    assert covered.away(at("2026-11-22T09:00")) == set(), "whose hours nobody has entered is always there"
    americas.delete()
    coverage.publish(at("2026-11-20T12:00"))
    assert covered.load(americas.pk or 0).spans == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", [CoverageHours, Holiday, Team])
def test_changed_hours_reach_the_reply_clocks(model, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(dispatch, "send_task", lambda name, *args, **options: sent.append(name))
    values = {"weekday": 0} if model is CoverageHours else {"name": "Christmas"}
    values |= {"day": date(2026, 12, 25)} if model is Holiday else {}
    with django_capture_on_commit_callbacks(execute=True):
        row = model.objects.create(**values)
        row.delete()
    assert sent == ["team.publish_coverage"] * 2
