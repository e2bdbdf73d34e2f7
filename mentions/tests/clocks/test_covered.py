"""The covered clock matches a minute-by-minute count, in Python and in SQL."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.models import Team
from mentions.clocks import clocks, covered, targets
from mentions.clocks.covered import CoveredTime
from mentions.ingest.batch import ingest_pending
from mentions.models import CoveredSpan, Ticket
from mentions.tests.factories import NOON, ChannelFactory, MessageFactory, TicketFactory
from mentions.tests.platforms import arrive, connection_with, said

MINUTE = timedelta(minutes=1)
BEGIN = datetime(2026, 11, 2, tzinfo=UTC)


@st.composite
def calendars(draw):
    """Up to twelve spans within three days that never touch."""
    edges = sorted(draw(st.sets(st.integers(0, 3 * 1440), max_size=24)))
    pairs = zip(edges[0::2], edges[1::2], strict=False)
    return CoveredTime([(BEGIN + a * MINUTE, BEGIN + b * MINUTE) for a, b in pairs])


moments = st.integers(-600, 4 * 1440).map(lambda minutes: BEGIN + minutes * MINUTE)


def counts(calendar, minute):
    """Whether the minute starting at `minute` counts; before the first span every minute does."""
    if not calendar.spans or minute < calendar.spans[0][0]:
        return True
    return any(start <= minute < end for start, end in calendar.spans)


@settings(max_examples=80, deadline=None)
@given(calendars(), moments, moments)
def test_between_counts_the_covered_minutes(calendar, one, other):
    start, end = sorted((one, other))
    minutes = sum(counts(calendar, start + n * MINUTE) for n in range((end - start) // MINUTE))
    assert calendar.between(start, end) == minutes * MINUTE
    assert calendar.between(end, start) == -minutes * MINUTE


@settings(max_examples=80, deadline=None)
@given(calendars(), moments, st.integers(1, 3000))
def test_after_is_where_the_last_needed_minute_ends(calendar, start, minutes):
    moment, left, last = start, minutes, BEGIN + 6 * 1440 * MINUTE
    while left and moment < last:
        left -= counts(calendar, moment)
        moment += MINUTE
    assert calendar.after(start, minutes * MINUTE) == (None if left else moment)


@pytest.mark.django_db
@pytest.mark.parametrize("other", [CoveredTime(), CoveredTime([(BEGIN + 5 * MINUTE, BEGIN + 900 * MINUTE)])])
def test_statement_reads_the_clock_as_the_function_does(other):
    """The desk's clock and, at the same moments, a team's."""

    @settings(max_examples=15, deadline=None)
    @given(calendars(), st.lists(st.tuples(moments, st.integers(0, 10**6)), min_size=1, max_size=10))
    def equal(calendar, times):
        covered.publish(calendar.spans)
        covered.publish(other.spans, 7)
        for moment, microseconds in times:
            at = moment + timedelta(microseconds=microseconds)
            own, teams = (targets.covered_counter_sql("%(at)s::timestamptz", team) for team in ("null::int", "7"))
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {own}, {teams}", {"at": at})
                found = [timedelta(microseconds=int(seconds * 10**6)) for seconds in cursor.fetchone()]
            assert found == [calendar.counter(at), other.counter(at)]

    equal()


@pytest.mark.django_db
def test_published_spans_can_be_looked_up_from_both_ends():
    mornings = [BEGIN + timedelta(days=n) for n in range(3)]
    spans = [(morning, morning + timedelta(hours=8)) for morning in mornings]
    assert covered.publish(spans)
    assert not covered.publish(spans)
    rows = list(CoveredSpan.objects.order_by("starts_at").values_list("before_s", "through_s"))
    assert [(before - rows[0][0], through - before) for before, through in rows] == [
        (0, 28800),
        (28800, 28800),
        (57600, 28800),
    ]


@pytest.mark.django_db
def test_changed_hours_change_what_is_due_and_nothing_else():
    """Monday noon, a four-hour target: the office closes at 14:00 and reopens on Tuesday at 9."""
    channels = [ChannelFactory(target_minutes=240, counts_coverage=counts) for counts in (True, False)]
    tickets = [MessageFactory(ticket=TicketFactory(channel=channel)).ticket for channel in channels]
    clocks.recompute(ticket.pk for ticket in tickets)
    assert set(Ticket.objects.values_list("due_at", flat=True)) == {NOON + timedelta(hours=4)}
    tuesday = NOON + timedelta(hours=21)
    covered.publish([(NOON - timedelta(hours=3), NOON + timedelta(hours=2)), (tuesday, tuesday + timedelta(hours=8))])
    due = dict(Ticket.objects.values_list("channel__counts_coverage", "due_at"))
    assert due == {True: tuesday + timedelta(hours=2), False: NOON + timedelta(hours=4)}


@pytest.mark.django_db
def test_the_hours_of_the_channels_team_say_when_it_is_due():
    """Monday noon, two hours: the desk closes at 13:00, the other channel's team works until 21:00."""
    team = Team.objects.create(name="Americas")
    channels = [ChannelFactory(target_minutes=120, counts_coverage=True, team=team) for team in (None, team)]
    own, other = [MessageFactory(ticket=TicketFactory(channel=channel)).ticket for channel in channels]
    tuesday, hour = NOON + timedelta(hours=21), timedelta(hours=1)
    covered.publish([(NOON - hour, NOON + hour), (tuesday, tuesday + 8 * hour)])
    covered.publish([(NOON - hour, NOON + 9 * hour)], team.pk)
    due = dict(Ticket.objects.values_list("pk", "due_at"))
    assert due == {own.pk: tuesday + hour, other.pk: NOON + 2 * hour}
    assert covered.away(NOON + 5 * hour) == {covered.DESK}
    assert covered.away(NOON + 12 * hour) == {covered.DESK, team.pk}
    channels[0].team = team
    channels[0].save()
    own.refresh_from_db()
    assert own.due_at == NOON + 2 * hour, "what waits follows the channel to its new team"
    team.delete()
    assert covered.keep([])
    assert set(Ticket.objects.values_list("due_at", flat=True)) == {tuesday + hour}, "the desk's again"
    assert not covered.keep([])


@pytest.mark.django_db
def test_what_comes_in_after_hours_is_due_in_the_next_ones():
    evening = NOON + timedelta(hours=10)
    office = timedelta(hours=8)
    covered.publish([(at, at + office) for at in (NOON - office, evening + timedelta(hours=11))])
    arrive(connection_with("testforum", target_minutes=60, counts_coverage=True), [said("1", hours=10)])
    ingest_pending()
    assert Ticket.objects.get().due_at == evening + timedelta(hours=12)


@pytest.mark.django_db
def test_a_channel_that_begins_to_count_coverage_renews_what_waits():
    evening = NOON + timedelta(hours=6)
    covered.publish([(NOON, evening), (evening + timedelta(hours=10), evening + timedelta(hours=20))])
    ticket = MessageFactory(ticket=TicketFactory(channel__target_minutes=480)).ticket
    clocks.recompute([ticket.pk])
    ticket.channel.counts_coverage = True
    ticket.channel.save()
    ticket.refresh_from_db()
    assert ticket.due_at == evening + timedelta(hours=12)
