"""What the dashboards of experts, hours, platforms, advocates and release days count, and what they leave as a gap."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.clocks import desk_now
from experts.models import Outreach
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Tag
from mentions.people.access import visible_tickets
from mentions.tests.factories import (
    ChannelFactory,
    ConnectionFactory,
    EventFactory,
    MessageFactory,
    TicketFactory,
    UserFactory,
)
from metrics.advocates.report import AdvocatesReport
from metrics.by_channel.report import ChannelsReport
from metrics.definitions import Filters
from metrics.drawing.heat_maps import robust_maximum
from metrics.hours.report import HoursReport
from metrics.hours.shares import shares
from metrics.outreaches import request_counts
from metrics.outreaches.report import ExpertsReport
from metrics.periods import Period
from metrics.reach.report import PlatformsReport
from metrics.release_days.report import ReleaseDayReport
from metrics.tables import tables_of
from team import coverage
from team.models import CoverageHours, Release, ReleaseRule

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 20))
State = Outreach.State


def shown(report, number=0, row=0):
    """Column → text, for one row."""
    table = tables_of(report)[number]
    return dict(zip(table.heads, [cell.shown for cell in table.rows[row]], strict=True))


def names(report, number=0):
    return [row[0].shown for row in tables_of(report)[number].rows]


@pytest.fixture
def mo(db):
    return UserFactory(role="manager")


def report_of(kind, user, period=NOVEMBER, **filters):
    return kind(visible_tickets(user), Filters(period, **filters), NOW, user)


def at(month, day, hour=12):
    return datetime(2026, month, day, hour, tzinfo=UTC)


# --- experts ----------------------------------------------------------------------------------------------------------


def asked(when, answered=None, **values):
    state = State.ANSWERED if answered else values.pop("state", State.ASKED)
    ticket = values.pop("ticket", None) or TicketFactory(posted_at=when)
    return OutreachFactory(ticket=ticket, asked_at=when, answered_at=answered, state=state, **values)


def test_a_month_is_counted_by_asking_by_answer_and_by_the_mentions_day(mo):
    asked(at(9, 29), answered=at(10, 2))
    asked(at(10, 5), answered=at(11, 3))
    asked(at(10, 9), state=State.DECLINED)
    asked(at(10, 30))
    asked(at(11, 2))
    ticket = TicketFactory(posted_at=at(9, 30))
    ticket.tags.add(Tag.objects.create(name="expert-responded"))
    report = report_of(ExpertsReport, mo)
    assert names(report)[:3] == ["2026-11, so far", "2026-10", "2026-09"]
    october = shown(report, row=1)
    assert (october["Requests"], october["Change in requests"]) == ("3", "+2")
    assert [october[f"Requests {what}"] for what in ("answered", "waiting", "ended unanswered")] == ["1"] * 3
    assert (october["Expert answers"], october["Change in answers"]) == ("1", "+1")
    assert october["Median time to answer"] == "29 d 0 h"
    assert shown(report, row=2)["Mentions that experts answered"] == "1"
    assert shown(report, row=2)["Change in requests"] == "—", "before the first request there is a gap"
    assert shown(report)["Change in requests"] == "—", "a month that is not over is not compared"


def test_months_are_those_of_the_reader(mo):
    asked(datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    berlin = Period(date(2026, 11, 1), date(2026, 11, 20), ZoneInfo("Europe/Berlin"))
    assert shown(report_of(ExpertsReport, mo, berlin))["Requests"] == "1"
    assert shown(report_of(ExpertsReport, mo))["Requests"] == "0"


def test_a_request_that_slack_refused_is_none(mo):
    asked(at(11, 2), state=State.NO_ANSWER, error="not_in_channel")
    asked(at(11, 2), state=State.ASKED, error="Slack did not confirm the message.")
    asked(at(11, 3), state=State.NO_ANSWER, slack_ts="1.2")
    assert shown(report_of(ExpertsReport, mo))["Requests"] == "2"


def test_a_request_counts_for_each_topic_of_its_expert_and_for_the_person(mo):
    verify, runner = TopicFactory(name="Verify"), TopicFactory(name="Runner")
    ada, bo = ExpertFactory(person__name="Ada"), ExpertFactory(person__name="Bo")
    ada.topics.add(verify, runner)
    asked(at(11, 2), expert=ada, answered=at(11, 4), answered_by=bo.person)
    asked(at(11, 3), expert=None, topic=runner)
    asked(at(11, 3), expert=bo)
    report = report_of(ExpertsReport, mo)
    topics = {row[0].shown: row[1].shown for row in tables_of(report)[1].rows}
    assert topics == {"Runner": "2", "Verify": "1", "No topic": "1"}
    people = {row[0].shown: (row[1].shown, row[-1].shown) for row in tables_of(report)[2].rows}
    assert people == {"A team, nobody in particular": ("1", "0"), "Ada": ("1", "0"), "Bo": ("1", "1")}
    narrowed = report_of(ExpertsReport, mo, teams=(verify.pk,))
    assert shown(narrowed)["Requests"] == "1"


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_months_follow_one_another(first, days):
    months = request_counts.months(first, first + timedelta(days=days * 31))
    assert months[0] == first.replace(day=1)
    assert all((b - a).days in (28, 29, 30, 31) and b.day == 1 for a, b in pairwise(months))


# --- hours ------------------------------------------------------------------------------------------------------------


spans_of = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 40)), max_size=8)


@given(spans_of, st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Berlin"]))
def test_the_share_of_an_hour_is_what_counting_minutes_says(steps, zone):
    """Over a weekend on which summer time ends."""
    tz = ZoneInfo(zone)
    period = Period(date(2026, 10, 23), date(2026, 10, 26), tz)
    spans, end = [], period.start
    for gap, length in steps:
        start = end + timedelta(minutes=gap + 1)
        end = start + timedelta(minutes=length * 7)
        spans.append((start, end))
    found = shares(spans, period)
    assert len(found) == 4 * 24
    for (weekday, hour), share in found.items():
        day = next(day for day in period.days if day.isoweekday() == weekday)
        begin = datetime.combine(day, time(hour), tz).astimezone(UTC)
        minutes = [begin + timedelta(minutes=n) for n in range(60)]
        covered = sum(any(start <= minute < last for start, last in spans) for minute in minutes)
        assert share == pytest.approx(covered / 60)


@given(st.lists(st.integers(0, 1000), max_size=168), st.integers(10_000, 100_000))
def test_one_outlier_does_not_set_the_darkest_shade(counts, outlier):
    usual = [count for count in counts if count]
    if len(usual) >= 20:
        assert robust_maximum([*counts, outlier]) <= max(usual)


def test_mentions_are_divided_by_coverage_hours_and_the_hours_are_marked(mo):
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8, 30), ends=time(17), time_zone="UTC")
    coverage.publish(desk_now())
    TicketFactory(posted_at=at(11, 16, 10), first_reply_at=at(11, 16, 11))
    TicketFactory(posted_at=datetime(2026, 11, 16, 8, 29, 59, tzinfo=UTC), first_reply_at=at(11, 16, 16))
    TicketFactory(posted_at=at(11, 14, 10), first_reply_at=at(11, 16, 16))
    report = report_of(HoursReport, mo)
    within, outside = shown(report), shown(report, row=1)
    assert (within["Mentions"], outside["Mentions"]) == ("1", "2")
    assert (within["First replies"], outside["First replies"]) == ("3", "0")
    heat = tables_of(report)[1]
    assert [cell.shown for cell in heat.rows[10]] == ["10:00", "1", "0", "0", "0", "0", "1", "0"]
    states = [[cell.state for cell in row[1:]] for row in heat.rows]
    assert states[7] == ["away"] * 7
    assert states[8] == states[16] == [""] * 5 + ["away"] * 2, "half an hour is enough"


def test_without_coverage_hours_everything_is_covered_and_the_page_says_so(mo):
    TicketFactory(posted_at=at(11, 14, 3))
    report = report_of(HoursReport, mo)
    assert [shown(report, row=row)["Mentions"] for row in (0, 1)] == ["1", "0"]
    assert "No coverage hours" in report.note
    assert not any(cell.state for row in tables_of(report)[1].rows for cell in row)


# --- platforms --------------------------------------------------------------------------------------------------------


def test_reach_is_what_platforms_said_and_a_dash_where_they_said_nothing(mo):
    forum = ChannelFactory(connection=ConnectionFactory(platform="discourse"))
    ticket = TicketFactory(channel=forum, posted_at=at(11, 5))
    MessageFactory(ticket=ticket, extra={"views": 700, "likes": 2})
    MessageFactory(ticket=ticket, extra={"views": 720, "likes": 3, "replies": True})
    MessageFactory(ticket=ticket, extra={"views": 9_000, "likes": 90}, direction="team")
    MessageFactory(ticket=ticket, extra={"likes": 50}, is_deleted=True)
    MessageFactory(ticket=TicketFactory(posted_at=at(11, 6)), extra={"points": 40, "comments": "many"})
    report = report_of(PlatformsReport, mo)
    rows = {row[0].shown: [cell.shown for cell in row[-4:]] for row in tables_of(report)[0].rows}
    assert rows == {"Discourse": ["720", "5", "—", "—"], "Hacker News": ["—", "40", "—", "—"]}


# --- advocates --------------------------------------------------------------------------------------------------------


def test_the_workload_is_by_name_and_ranks_nobody(mo):
    zoe, ada = UserFactory(role="advocate", first_name="Zoe"), UserFactory(role="advocate", first_name="Ada")
    for ticket in (TicketFactory(), TicketFactory()):
        EventFactory(ticket=ticket, actor=zoe, at=at(11, 5), kind="noted")
        EventFactory(ticket=ticket, actor=zoe, at=at(11, 6), kind="status", data={"to": {"status": "solved"}})
    EventFactory(ticket=ticket, actor=ada, at=at(10, 6), kind="noted")
    report = report_of(AdvocatesReport, mo)
    table = report.table
    assert (names(report)[0], names(report)[-1]) == ("Ada", "Zoe")
    assert not table.sorts
    zoes = shown(report, row=-1)
    assert (zoes["Worked on"], zoes["Solved by them"], zoes["Answered in public"]) == ("2", "2", "0")


# --- channels ---------------------------------------------------------------------------------------------------------


def test_channels_stand_beside_the_period_before(mo):
    one = ChannelFactory(name="One")
    TicketFactory(posted_at=at(9, 1))
    for month, day in ((11, 3), (11, 4), (10, 20)):
        TicketFactory(channel=one, posted_at=at(month, day))
    TicketFactory(channel=ChannelFactory(name="Two"), posted_at=at(11, 4), status="solved", solved_at=at(11, 5))
    report = report_of(ChannelsReport, mo)
    rows = {row[0].shown: row for row in tables_of(report)[0].rows}
    head = tables_of(report)[0].heads
    found = {name: dict(zip(head, [cell.shown for cell in row], strict=True)) for name, row in rows.items()}
    assert list(found) == ["All channels", "One", "Two"]
    assert (
        found["One"]["Mentions"],
        found["One"]["Period before, 12 Oct 2026 – 31 Oct 2026"],
        found["One"]["Change"],
    ) == ("2", "1", "+1")
    assert (found["All channels"]["Mentions"], found["All channels"]["Backlog"]) == ("3", "4")
    assert found["Two"]["Solved"] == "1"


# --- release day ------------------------------------------------------------------------------------------------------


def test_a_release_day_stands_beside_the_same_hours_a_week_before_and_after(mo):
    rule = ReleaseRule.objects.create(name="Monthly", starts=time(8), ends=time(18), time_zone="UTC")
    Release.objects.create(rule=rule, month=date(2026, 11, 1), day=date(2026, 11, 11), name="17.6")
    Release.objects.create(rule=rule, month=date(2026, 12, 1), day=date(2026, 12, 11))
    blog, news = ChannelFactory(name="Blog"), ChannelFactory(name="News")
    TicketFactory(channel=news, posted_at=at(10, 1))
    for hour, channel, day in [
        *((h, blog, 11) for h in (6, 9, 10, 19)),
        *((h, news, 11) for h in (9, 10)),
        *((h, news, 4) for h in (9, 10)),
        (9, news, 18),
    ]:
        TicketFactory(channel=channel, posted_at=at(11, day, hour))
    TicketFactory(channel=blog, posted_at=at(11, 11, 21))
    report = report_of(ReleaseDayReport, mo)
    assert [shown(report, row=row)["Mentions"] for row in (0, 1)] == ["6", "3"]
    assert names(report, 1) == ["17.6, 2026-11-11"]
    assert names(report, 2) == ["Blog", "News"], "the biggest increase first"
    news_row = shown(report, 2, 1)
    assert (news_row["Per release day"], news_row["Per ordinary day"], news_row["Increase"]) == ("2.0", "1.5", "+0.5")


def test_without_a_release_day_the_page_says_what_will_appear(mo):
    assert "Admins enter the release rule" in report_of(ReleaseDayReport, mo).hint
