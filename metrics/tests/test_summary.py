"""Every number in a summary is right, and it claims nothing that chance explains."""

import re
from datetime import UTC, date, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.models import Tag
from mentions.tests.factories import NOON, ChannelFactory, TicketFactory
from metrics.definitions import Filters, Tickets
from metrics.models import Alert
from metrics.package import months, scope
from metrics.periods import Period
from metrics.summary import comparing, moves, wording
from metrics.summary.moves import Count, Share

few = st.integers(0, 500)
OCTOBER, SEPTEMBER = (months.period_of(date(2026, month, 1), UTC) for month in (10, 9))


# --- changes ----------------------------------------------------------------------------------------------------------


@given(few, few, st.integers(1, 31), st.integers(1, 31))
def test_a_count_moves_both_ways_alike_and_never_without_a_change(now, before, days, days_before):
    there, back = Count(now, before, (days, days_before)), Count(before, now, (days_before, days))
    assert there.has_moved == back.has_moved
    assert there.deviations == pytest.approx(-back.deviations)
    assert not (there.has_moved and now == before)
    assert not (there.has_moved and now + before < moves.LEAST)


@given(few, few)
def test_over_equal_days_the_measure_is_the_one_of_the_tags(now, before):
    expected = (now - before) / (now + before) ** 0.5 if now + before else 0
    assert Count(now, before).deviations == pytest.approx(expected)


def test_a_shorter_month_alone_moves_nothing():
    assert not Count(2800, 3100, (28, 31)).has_moved
    assert Count(2800, 3100, (30, 30)).has_moved
    assert not Count(2850, 2800, (31, 28)).has_moved, "more in all, and fewer a day"


@given(few, few, few, few)
def test_a_share_moves_only_with_enough_of_both(some, of, some_before, of_before):
    share = Share(min(some, of), of, min(some_before, of_before), of_before)
    if share.has_moved:
        assert min(of, of_before) >= moves.LEAST_ANSWERS
        assert share.some / of != share.some_before / of_before


def test_chance_alone_is_hardly_ever_named():
    """Both samples come from the same coin, so any change found is false. Seeded, so the result is always the same."""
    dice = Random(4711)
    pairs = [Count(*(sum(dice.random() < 0.5 for _ in range(200)) for _ in range(2))) for _ in range(2000)]
    assert sum(pair.has_moved for pair in pairs) <= 10
    assert Count(160, 80).has_moved


# --- months -----------------------------------------------------------------------------------------------------------


@given(st.dates(date(1971, 2, 1), date(2200, 1, 1)), st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Kolkata"]))
def test_months_follow_each_other_without_a_gap(day, zone):
    month = months.first_of(day)
    assert months.month_before(months.month_after(month)) == month == months.month_after(months.month_before(month))
    this, before = (months.period_of(each, ZoneInfo(zone)) for each in (month, months.month_before(month)))
    assert before.end == this.start
    assert this.first <= day <= this.last
    assert wording.name_of(this) == f"{month:%B} {month.year}"


def test_the_last_whole_month_settles_first():
    tz = ZoneInfo("America/Los_Angeles")
    ends = months.period_of(date(2026, 10, 1), tz).end
    assert months.last_whole(ends + timedelta(hours=5), tz) == date(2026, 9, 1)
    assert months.last_whole(ends + timedelta(hours=6), tz) == date(2026, 10, 1)
    assert months.choices(ends, tz, 3) == [date(2026, 10, 1), date(2026, 9, 1), date(2026, 8, 1)]


def test_days_that_are_no_month_are_named_by_their_ends():
    assert wording.name_of(Period(date(2026, 11, 2), date(2026, 11, 8))) == "2 November 2026 to 8 November 2026"


# --- sentences --------------------------------------------------------------------------------------------------------


def mentions(channel, period, count, *, took=None, tag=""):
    for n in range(count):
        posted = period.start + (period.end - period.start) * n / count
        answered = posted + took * (1 + n / count) if took else None
        ticket = TicketFactory(
            channel=channel, posted_at=posted, first_reply_at=answered, solved_at=answered,
            status="solved" if took else "new",
        )  # fmt: skip
        if tag:
            ticket.tags.add(Tag.objects.get_or_create(name=tag)[0])


def sentences_of_october(before=SEPTEMBER):
    ids = scope.channels_in_sight(None)
    tickets: Tickets = scope.tickets_of(ids)
    compared = comparing.compare(tickets, Filters(OCTOBER, ids or [0]), before, NOON, ids)
    return wording.sentences(compared)


@pytest.mark.django_db
def test_what_moved_is_named_with_its_channel_its_tag_and_its_counts():
    news, forum = ChannelFactory(name="News"), ChannelFactory(name="Forum")
    mentions(news, SEPTEMBER, 10, took=timedelta(hours=1))
    mentions(news, OCTOBER, 60, took=timedelta(hours=1), tag="release-14")
    mentions(forum, SEPTEMBER, 30, took=timedelta(hours=1))
    mentions(forum, OCTOBER, 32, took=timedelta(hours=9))
    Alert.objects.create(
        kind="spike", channel=news, began_at=OCTOBER.start + timedelta(days=11), at=NOON,
        figures={"count": 40, "usual": 2.0, "weeks": 8},
    )  # fmt: skip
    said = sentences_of_october()
    assert said[0] == "October 2026, compared with September 2026."
    assert "92 mentions came in, 52 more than before (40)." in said
    assert "News (Hacker News): 60 mentions, 50 more than before (10)." in said
    assert "Tag release-14: 60 mentions, 60 more than before (0)." in said
    assert not any(line.startswith("Forum (Hacker News): 32") for line in said), "two more say nothing"
    assert [line for line in said if line.startswith("Forum")] == [
        "Forum (Hacker News): median first reply time: 13 h 22 min, longer than before (1 h 29 min; 32 and 30 answers)."
    ]
    assert any(line.startswith("12 October: Unusually many mentions: News (Hacker News), 40 within") for line in said)
    assert any(line.startswith("Answered within target: 65 % (60 of 92), before 100 % (40 of 40).") for line in said)


@pytest.mark.django_db
def test_what_chance_explains_is_said_to_be_that():
    news = ChannelFactory(name="News")
    mentions(news, SEPTEMBER, 30, took=timedelta(hours=1))
    mentions(news, OCTOBER, 31, took=timedelta(hours=1))
    said = sentences_of_october()
    assert "31 mentions came in, 1 more than before (30). That could be chance." in said
    assert any(line.startswith("No channel or tag changed by more than chance would explain.") for line in said)
    assert not any(line.startswith("News") for line in said)


@pytest.mark.django_db
def test_few_answers_are_not_compared_and_one_is_no_plural():
    news = ChannelFactory(name="News")
    mentions(news, SEPTEMBER, 2, took=timedelta(hours=1))
    mentions(news, OCTOBER, 1, took=timedelta(hours=40))
    said = sentences_of_october()
    assert "1 mention came in, 1 fewer than before (2). That could be chance." in said
    assert any("Too few answers to compare: 1 and 2." in line for line in said)
    assert not any("within target" in line for line in said)


@pytest.mark.django_db
def test_a_desk_that_began_later_has_nothing_to_compare_with():
    mentions(ChannelFactory(), OCTOBER, 3)
    assert sentences_of_october() == [
        "October 2026: 3 mentions. Nothing to compare with: the desk has no mentions from before then.",
    ]


@pytest.mark.django_db
def test_an_empty_desk_has_its_sentence():
    assert sentences_of_october() == [
        "October 2026: 0 mentions. Nothing to compare with: the desk has no mentions from before then.",
    ]


@pytest.mark.django_db
def test_the_same_queries_however_many_channels(django_assert_max_num_queries):
    for n in range(12):
        channel = ChannelFactory(name=f"c{n:02}")
        mentions(channel, SEPTEMBER, 2, took=timedelta(hours=1), tag=f"t{n}")
        mentions(channel, OCTOBER, 2, took=timedelta(hours=2))
    with django_assert_max_num_queries(18):
        said = sentences_of_october()
    assert all(not re.search(r"%\(|None", line) for line in said)
