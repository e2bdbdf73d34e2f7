import random
import statistics
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels.models import Channel, Team
from channels.models.connection import Priority
from channels.registry.finding_adapters import all_adapters
from mentions.clocks import clocks, covered, targets
from mentions.models import Ticket, View
from mentions.queue import view_tickets
from mentions.tests.factories import AuthorFactory, ChannelFactory, MessageFactory, TicketFactory, UserFactory
from metrics.definitions import FIGURE_NAMES, HIGH, Filters, figure
from metrics.figures import activity, first_reply
from metrics.hours import coverage_counts
from metrics.periods import Period
from metrics.reply_clock import CLOCKS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEEK = Period(date(2026, 11, 15), date(2026, 11, 21))

pytestmark = pytest.mark.django_db


def hours(n: float) -> timedelta:
    return timedelta(hours=n)


@pytest.fixture
def desk():
    """Two channels and tickets of every kind, spread over the past week and before."""
    rng = random.Random(5)
    channels = [ChannelFactory(target_minutes=420), ChannelFactory(target_minutes=300)]
    for n in range(120):
        posted = NOW - hours(rng.uniform(0.5, 24 * 9))
        answered = posted + hours(rng.expovariate(1 / 5)) if rng.random() < 0.7 else None
        if answered and answered > NOW:
            answered = None
        no_reply = "praise" if not answered and rng.random() < 0.3 else ""
        TicketFactory(
            channel=channels[n % 2],
            posted_at=posted,
            priority=rng.choice([Priority.NORMAL, Priority.HIGH]),
            first_reply_at=answered,
            no_reply_reason=no_reply,
            due_at=None if answered or no_reply else posted + hours(7),
            status="solved" if answered else "new",
            solved_at=answered,
        )
    return channels


def tickets():
    return Ticket.objects.all()


def test_median_equals_the_middle_of_the_reply_times(desk):
    row = first_reply.first_reply(tickets(), Filters(WEEK), NOW)
    times = [
        (t.first_reply_at - t.posted_at).total_seconds()
        for t in Ticket.objects.filter(posted_at__gte=WEEK.start, first_reply_at__isnull=False)
    ]
    assert row.answered == len(times) > 10
    assert row.median is not None
    assert row.median.total_seconds() == pytest.approx(statistics.median(times), abs=1e-3)


def test_every_mention_is_in_exactly_one_part(desk):
    filters = Filters(WEEK)
    rows = [
        first_reply.first_reply(tickets(), filters, NOW),
        first_reply.first_reply(tickets(), filters, NOW, high=True),
        *first_reply.first_reply_by_channel(tickets(), filters, NOW),
    ]
    for row in rows:
        assert row.mentions == row.answered + row.overdue + row.in_time + row.unsettled + row.no_reply
        assert row.within <= row.answered
    assert rows[0].overdue > 0
    assert rows[0].mentions == rows[2].mentions + rows[3].mentions


def test_each_figure_counts_exactly_its_tickets(desk):
    row = first_reply.first_reply_by_channel(tickets(), Filters(WEEK), NOW)[1]
    listed = Ticket.objects.filter(channel_id=row.channel_id)
    for name in ("mentions", "answered", "within", "overdue", "in_time", "unsettled", "no_reply"):
        assert listed.filter(figure(name, WEEK, NOW)).count() == getattr(row, name), name


def test_within_follows_the_channels_own_target():
    tight, wide = ChannelFactory(target_minutes=60), ChannelFactory(target_minutes=300)
    for channel in (tight, wide):
        TicketFactory(channel=channel, posted_at=NOW - hours(9), first_reply_at=NOW - hours(7), due_at=None)
    rows = {row.channel_id: row for row in first_reply.first_reply_by_channel(tickets(), Filters(WEEK), NOW)}
    assert rows[tight.pk].within == 0
    assert rows[wide.pk].within == 1
    assert Ticket.objects.filter(figure("late", WEEK, NOW)).get().channel == tight


def test_within_counts_business_days_where_the_channel_does():
    """Posted on a Saturday, answered on Monday evening: inside one business day, and outside one day."""
    saturday = datetime(2026, 10, 31, 10, tzinfo=UTC)
    period = Period(date(2026, 10, 26), date(2026, 11, 3))
    business, elapsed = (ChannelFactory(target_minutes=1440, skips_weekends=skips) for skips in (True, False))
    for channel in (business, elapsed):
        TicketFactory(channel=channel, posted_at=saturday, first_reply_at=saturday + hours(57), due_at=None)
    rows = {row.channel_id: row for row in first_reply.first_reply_by_channel(tickets(), Filters(period), NOW)}
    assert (rows[business.pk].within, rows[elapsed.pk].within) == (1, 0)
    assert Ticket.objects.filter(figure("late", period, NOW)).get().channel == elapsed


def test_merged_tickets_count_once(desk):
    before = first_reply.first_reply(tickets(), Filters(WEEK), NOW).mentions
    one, other = Ticket.objects.filter(posted_at__gte=WEEK.start)[:2]
    Ticket.objects.filter(pk=one.pk).update(merged_into=other)
    assert first_reply.first_reply(tickets(), Filters(WEEK), NOW).mentions == before - 1


def test_high_only_narrows_everything(desk):
    row = first_reply.first_reply(tickets(), Filters(WEEK, high_only=True), NOW)
    assert row.mentions == Ticket.objects.filter(HIGH, posted_at__gte=WEEK.start, posted_at__lt=WEEK.end).count()
    assert row.goal == first_reply.GOAL_HIGH


def test_the_four_clocks_of_one_reply():
    """Posted on Friday at 16:00, received at 16:30, answered on Monday at 9:30; office hours are 9 to 17."""
    friday = datetime(2026, 11, 20, 16, tzinfo=UTC)
    days = [friday - hours(7), friday - hours(7) + timedelta(days=3)]
    covered.publish([(day, day + hours(8)) for day in days])
    answered = friday + timedelta(days=2, hours=17, minutes=30)
    TicketFactory(
        posted_at=friday, created_at=friday + hours(0.5), first_reply_at=answered, status="solved", due_at=None
    )
    week = Period(date(2026, 11, 16), date(2026, 11, 22))
    found = {
        (clock.from_arrival, clock.in_coverage): first_reply.first_reply(tickets(), Filters(week, clock=clock), NOW)
        for clock in CLOCKS
    }
    medians = {which: row.median for which, row in found.items()}
    assert medians == {
        (False, False): hours(65.5),
        (True, False): hours(65),
        (False, True): hours(1.5),
        (True, True): hours(1),
    }
    assert {row.lag for row in found.values()} == {hours(0.5)}
    assert [side.covered for side in coverage_counts.sides(tickets(), Filters(week), NOW) if side.posted.mentions] == [
        1
    ]
    team = Team.objects.create(name="Weekends")
    covered.publish([(friday + hours(10), friday + hours(34))], team.pk)
    Channel.objects.update(team=team)
    row = first_reply.first_reply(tickets(), Filters(week, clock=CLOCKS[1]), NOW)
    assert row.median == hours(24 + 10), "before its first span every hour counts"
    covered.publish([(friday - hours(1000), friday - hours(999)), (friday + hours(10), friday + hours(34))], team.pk)
    row = first_reply.first_reply(tickets(), Filters(week, clock=CLOCKS[1]), NOW)
    assert row.median == hours(24), "the team answers at weekends only"
    assert [side.covered for side in coverage_counts.sides(tickets(), Filters(week), NOW) if side.posted.mentions] == [
        0
    ]
    assert {row.p90 == row.median for row in found.values()} == {True}


@pytest.mark.parametrize("clock", CLOCKS)
def test_an_answer_from_before_the_mention_arrived_took_no_time(clock):
    TicketFactory(posted_at=NOW - hours(9), created_at=NOW, first_reply_at=NOW - hours(8), due_at=None)
    row = first_reply.first_reply(tickets(), Filters(WEEK, clock=clock), NOW)
    assert row.median == (timedelta() if clock.from_arrival else hours(1))


def test_percentiles_are_those_of_a_spreadsheet(desk):
    row = first_reply.first_reply(tickets(), Filters(WEEK), NOW)
    times = [
        (t.first_reply_at - t.posted_at).total_seconds()
        for t in Ticket.objects.filter(posted_at__gte=WEEK.start, first_reply_at__isnull=False)
    ]
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    assert row.p75.total_seconds() == pytest.approx(cuts[74], abs=1e-3)
    assert row.p90.total_seconds() == pytest.approx(cuts[89], abs=1e-3)


def test_nothing_answered_has_no_median():
    TicketFactory(posted_at=NOW - hours(1))
    row = first_reply.first_reply(tickets(), Filters(WEEK), NOW)
    assert row.median is None
    assert row.meets_goal is None
    assert row.within_percent is None


def test_activity_has_a_row_for_every_day_and_counts_its_tickets(desk):
    days = activity.daily_activity(tickets(), Filters(WEEK), NOW)
    assert [day.day for day in days] == WEEK.days
    assert sum(day.mentions for day in days) > 0
    for day in days:
        for name in ("mentions", "replied", "solved"):
            assert Ticket.objects.filter(figure(name, WEEK, NOW, day.day)).count() == getattr(day, name)


def test_activity_days_are_those_of_the_readers_zone():
    tokyo = ZoneInfo("Asia/Tokyo")
    TicketFactory(posted_at=datetime(2026, 11, 19, 22, tzinfo=UTC))  # 07:00 of the 20th in Tokyo
    period = Period(date(2026, 11, 19), date(2026, 11, 20), tokyo)
    assert [day.mentions for day in activity.daily_activity(tickets(), Filters(period), NOW)] == [0, 1]


def test_median_by_day_has_both_series(desk):
    series = {name for _day, name, _median, _n in first_reply.median_by_day(tickets(), Filters(WEEK))}
    assert series == {"all", "high"}


def test_all_names_have_a_condition():
    for name in FIGURE_NAMES:
        assert Ticket.objects.filter(figure(name, WEEK, NOW)).count() == 0


@pytest.mark.parametrize("priority", Priority.values)
@pytest.mark.parametrize("minutes", [None, 60, 300, 420, 1440])
@pytest.mark.parametrize("skips", [False, True])
def test_due_overdue_within_and_late_follow_one_rule(priority, minutes, skips):
    """Posted before a weekend, checked a second before and a second after it is due."""
    channel = ChannelFactory(target_minutes=minutes, skips_weekends=skips, priority=priority)
    friday = datetime(2026, 11, 20, 21, tzinfo=UTC)
    due = targets.first_reply_due(friday, channel, priority)
    week = Period(date(2026, 11, 16), date(2026, 11, 22))
    asked, early, late = (MessageFactory(ticket=_ticket_of(channel, priority, friday)).ticket for _ in range(3))
    us = AuthorFactory(is_us=True)
    for ticket, at in ((early, due - SECOND), (late, due + SECOND)):
        MessageFactory(ticket=ticket, direction="team", author=us, posted_at=at)
    clocks.recompute([asked.pk, early.pk, late.pk])
    asked.refresh_from_db()
    assert asked.due_at == due
    assert _behind("overdue", week, due + SECOND) == {asked.pk}
    assert _behind("in_time", week, due - SECOND) == {asked.pk}
    assert _behind("within", week, due) == {early.pk}
    assert _behind("late", week, due) == {late.pk}
    row = first_reply.first_reply_by_channel(tickets(), Filters(week), due)[0]
    assert row.goal == timedelta(minutes=targets.target_minutes(minutes, priority))


SECOND = timedelta(seconds=1)


def _ticket_of(channel, priority, posted_at):
    return TicketFactory(channel=channel, priority=priority, posted_at=posted_at)


def _behind(name, period, now):
    return set(Ticket.objects.filter(figure(name, period, now)).values_list("pk", flat=True))


@pytest.mark.parametrize("status", Ticket.Status.values)
def test_overdue_lists_open_tickets_only(status):
    ticket = TicketFactory(posted_at=NOW - hours(20), status=status)
    wanted = "overdue" if status in ("new", "open") else "unsettled"
    assert [name for name in ("overdue", "in_time", "unsettled") if _behind(name, WEEK, NOW)] == [wanted]
    assert _behind(wanted, WEEK, NOW) == {ticket.pk}
    view = View(name="all", slug="all", filters={"overdue": True, "statuses": list(Ticket.Status.values)})
    shown = view_tickets.tickets_in(view, UserFactory(role="manager"), NOW)
    assert shown.exists() == (wanted == "overdue")


@pytest.mark.parametrize("reason", [value for value in Ticket.NoReply.values if value])
def test_a_reason_takes_a_ticket_out_of_the_reply_time_unless_somebody_answers_for_us(reason):
    ticket = TicketFactory(posted_at=NOW - hours(20), status="solved", no_reply_reason=reason, due_at=None)
    assert _behind("no_reply", WEEK, NOW) == {ticket.pk}
    assert not _behind("overdue", WEEK, NOW)
    Ticket.objects.update(first_reply_at=NOW)
    wanted = "answered" if reason in Ticket.HANDED_OVER else "no_reply"
    assert _behind(wanted, WEEK, NOW) == {ticket.pk}


@pytest.mark.parametrize("said", [None, True, False])
@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_internal_questions_are_left_out_unless_asked_for(platform, said):
    channel = ChannelFactory(connection__platform=platform, is_internal=said)
    TicketFactory(channel=channel, posted_at=NOW - hours(1))
    is_internal = all_adapters()[platform].is_internal if said is None else said

    def counted(**more):
        return first_reply.first_reply(tickets(), Filters(WEEK, **more), NOW).mentions

    assert counted() == (0 if is_internal else 1)
    assert counted(with_internal=True) == counted(channel_ids=[channel.pk]) == 1
