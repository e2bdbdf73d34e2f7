"""Targets in business days: weekend minutes don't count, in Python and in SQL alike."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from mentions.clocks import covered, targets
from mentions.ingest.batch import ingest_pending
from mentions.models import Ticket
from mentions.tests.platforms import arrive, connection_with, said

MINUTE = timedelta(minutes=1)


def at(day, hour=0, minute=0):
    """A time in November 2026: the 2nd is a Monday, the 6th a Friday, the 7th a Saturday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("posted", "minutes", "due"),
    [
        (at(6, 15), 1440, at(9, 15)),
        (at(7, 10), 1440, at(10)),
        (at(8, 23, 59), 1440, at(10)),
        (at(7, 10), 300, at(9, 5)),
        (at(2, 9), 1440, at(3, 9)),
        (at(6, 15), 540, at(7)),
        (at(6, 15), 541, at(9, 0, 1)),
        (at(3, 12), 5 * 1440, at(10, 12)),
        (at(2), 5 * 1440, at(7)),
        (at(7, 10), 0, at(7, 10)),
        (at(2), 0, at(2)),
    ],
)
def test_weekend_minutes_do_not_count(posted, minutes, due):
    assert targets.due(posted, minutes, skips_weekends=True) == due


def test_without_it_every_minute_counts():
    assert targets.due(at(6, 15), 1440) == at(7, 15)


def test_another_zones_weekend_is_not_meant():
    """Friday 23:00 UTC is Saturday in Tokyo, but the same moment has the same due time."""
    tokyo = at(6, 23).astimezone(ZoneInfo("Asia/Tokyo"))
    assert targets.due(tokyo, 120, skips_weekends=True) == at(9, 1)


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, 14 * 1440), minutes=st.integers(1, 9000))
def test_counted_minute_by_minute_it_is_the_same(start, minutes):
    posted = at(2) + start * MINUTE
    moment, left = posted, minutes
    while left:
        left -= moment.weekday() < 5
        moment += MINUTE
    assert targets.due(posted, minutes, skips_weekends=True) == moment


moments = st.integers(0, 40 * 366 * 24 * 3600 * 10**6).map(lambda us: at(2) - timedelta(microseconds=us))


def offices(first=datetime(2000, 1, 1, tzinfo=UTC), days=9900):
    """09:00–17:00 UTC on all days but Sundays, and none in every eleventh week."""
    for number in range(days):
        day = first + timedelta(days=number)
        if day.weekday() < 6 and number // 7 % 11:
            yield day + timedelta(hours=9), day + timedelta(hours=17)


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "team"), [("UTC", covered.DESK), ("America/New_York", 3)])
@pytest.mark.parametrize("spans", [[], list(offices())], ids=["no hours", "hours"])
def test_statement_gives_what_the_function_gives(zone, team, spans):
    """Also in a session with another time zone, where some days have 23 or 25 hours."""
    covered.publish(spans, team)
    hours = covered.load(team)
    sql = targets.due_sql("x.posted", "x.minutes", "x.skips", "x.covers", str(team))

    @settings(max_examples=15, deadline=None)
    @given(
        rows=st.lists(st.tuples(moments, st.integers(0, 10**6), st.booleans(), st.booleans()), min_size=1, max_size=40)
    )
    def equal(rows):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
            values = ",".join(["(%s::timestamptz, %s::int, %s::boolean, %s::boolean, %s::int)"] * len(rows))
            given_rows = [value for number, row in enumerate(rows) for value in (*row, number)]
            cursor.execute(
                f"SELECT {sql} AT TIME ZONE 'UTC'"
                f" FROM (VALUES {values}) x (posted, minutes, skips, covers, n) ORDER BY n",
                given_rows,
            )
            found = [row[0].replace(tzinfo=UTC) for row in cursor.fetchall()]
        assert found == [
            targets.due(p, minutes, skips_weekends=skips, coverage=hours if covers else None)
            for p, minutes, skips, covers in rows
        ]

    equal()


@pytest.mark.django_db
def test_a_mention_that_comes_in_is_due_on_the_next_business_day():
    saturday = connection_with("testforum", target_minutes=1440, skips_weekends=True)
    plain = connection_with("testforum", target_minutes=1440)
    arrive(saturday, [said("1", hours=5 * 24 - 2)])
    arrive(plain, [said("2", hours=5 * 24 - 2)])
    ingest_pending()
    due = dict(Ticket.objects.values_list("channel__skips_weekends", "due_at"))
    assert due == {True: at(10), False: at(8, 10)}


@pytest.mark.django_db
def test_a_changed_target_is_that_of_what_waits_already():
    connection = connection_with("testforum", target_minutes=1440)
    arrive(connection, [said("1", hours=5 * 24 - 2)])
    ingest_pending()
    channel = Ticket.objects.get().channel
    channel.name = "Renamed"
    channel.save()
    assert Ticket.objects.get().due_at == at(8, 10)
    channel.skips_weekends = True
    channel.save()
    assert Ticket.objects.get().due_at == at(10)
    channel.target_minutes = 60
    channel.save()
    assert Ticket.objects.get().due_at == at(9, 1)
