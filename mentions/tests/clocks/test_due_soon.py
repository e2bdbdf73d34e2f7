"""The lead time runs on the ticket's own clock and matches a minute-by-minute count, in Python and in SQL."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from mentions.clocks import covered, due_soon
from mentions.models import Ticket
from mentions.tests.clocks.test_covered import BEGIN, MINUTE, calendars, counts
from mentions.tests.factories import NOON, ChannelFactory, TicketFactory

dues = st.integers(1, 4 * 1440).map(lambda minutes: BEGIN + minutes * MINUTE)


def back(due_at, minutes, is_counted):
    """Goes back from `due_at` minute by minute until `minutes` have counted."""
    moment = due_at
    while minutes:
        moment -= MINUTE
        minutes -= is_counted(moment)
    return moment


def counted(calendar, start, end):
    return sum(counts(calendar, start + n * MINUTE) for n in range((end - start) // MINUTE))


@settings(max_examples=80, deadline=None)
@given(calendars(), dues, st.integers(1, 3000))
def test_in_coverage_hours_as_many_minutes_are_left_as_the_lead_time_has(calendar, due_at, minutes):
    begin = due_soon.begins(due_at, minutes, coverage=calendar)
    assert calendar.between(begin, due_at) == minutes * MINUTE
    assert counts(calendar, begin) or begin > due_at
    plain = back(due_at, minutes, lambda moment: counts(calendar, moment))
    assert counted(calendar, plain, begin) == 0, "later than the last instant with so much left"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 14 * 1440), st.integers(1, 9000))
def test_in_business_days_weekends_do_not_count(due, minutes):
    due_at = datetime(2026, 11, 2, tzinfo=UTC) + due * MINUTE
    begin = due_soon.begins(due_at, minutes, skips_weekends=True)
    plain = back(due_at, minutes, lambda moment: moment.weekday() < 5)
    assert begin == plain or (begin.weekday() == 0 and begin - plain == timedelta(days=2))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.django_db
def test_statement_says_what_the_function_says(zone):
    @settings(max_examples=12, deadline=None)
    @given(
        calendars(),
        st.lists(
            st.tuples(dues, st.integers(0, 10**6 - 1), st.integers(0, 3000), st.booleans(), st.booleans()),
            min_size=1,
            max_size=10,
        ),
    )
    def equal(calendar, rows):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL TIME ZONE 'UTC'")  # whatever the publisher's time zone
        covered.publish(calendar.spans, 4)
        expression = due_soon.begins_sql("x.due", "x.lead", "x.skips", "x.covers", "4")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL TIME ZONE %s", [zone])
            for due_at, microseconds, lead, skips, covers in rows:
                due_at += timedelta(microseconds=microseconds)
                cursor.execute(
                    f"SELECT extract(epoch FROM {expression}) "
                    "FROM (SELECT %s::timestamptz, %s::int, %s, %s) x (due, lead, skips, covers)",
                    [due_at, lead, skips, covers],
                )
                (found,) = cursor.fetchone()
                hours = calendar if covers else None
                wanted = due_soon.begins(due_at, lead, skips_weekends=skips, coverage=hours)
                assert (found is None) == (wanted is None)
                assert found is None or abs(float(found) - wanted.timestamp()) < 1e-5

    equal()


@pytest.mark.django_db
@pytest.mark.parametrize(("own", "minutes"), [(None, 45), (20, 20), (0, None), (10**6, 14 * 1440)])
def test_a_channel_has_its_own_lead_time_or_that_of_the_settings(settings, own, minutes):
    settings.DUE_SOON_MINUTES = 45
    ticket = TicketFactory(due_at=NOON, channel__due_soon_minutes=own)
    begin = NOON - timedelta(minutes=minutes) if minutes else None
    assert due_soon.begins_for(ticket) == begin
    for at, is_soon in ((begin, True), (begin and begin - timedelta(seconds=1), False), (NOON, bool(begin))):
        if at is not None:
            assert Ticket.objects.filter(due_soon.due_soon(at)).exists() == is_soon
    assert not Ticket.objects.filter(due_soon.due_soon(NOON + timedelta(seconds=1))).exists()


@pytest.mark.django_db
def test_a_ticket_in_coverage_hours_begins_to_be_due_soon_while_the_team_is_there():
    """Monday noon: the office closes at 14:00 and reopens on Tuesday at 9. Due at 9:10, with an hour's lead time."""
    tuesday = NOON + timedelta(hours=21)
    covered.publish([(NOON - timedelta(hours=3), NOON + timedelta(hours=2)), (tuesday, tuesday + timedelta(hours=8))])
    channel = ChannelFactory(counts_coverage=True, due_soon_minutes=60)
    ticket = TicketFactory(channel=channel, due_at=tuesday + 10 * MINUTE)
    assert due_soon.begins_for(ticket) == NOON + timedelta(hours=1, minutes=10)
    assert Ticket.objects.filter(due_soon.due_soon(NOON + timedelta(hours=1, minutes=10))).exists()
    assert not Ticket.objects.filter(due_soon.due_soon(NOON + timedelta(hours=1, minutes=9))).exists()
