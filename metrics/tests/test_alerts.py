"""Alerts: sent once, closed when the cause is gone, nothing restricted in them, and figures that link to tickets."""

import re
from datetime import timedelta
from html import unescape
from math import sqrt
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.models import OutboundItem, Team
from mentions.clocks import covered
from mentions.models import AudienceLimit, Event, Ticket
from mentions.people import access
from mentions.tests.factories import NOON, ChannelFactory, TicketFactory, UserFactory
from metrics.alerts import growth, showing, spikes, watching
from metrics.alerts.growth import Growth, grows
from metrics.alerts.spikes import Hour, is_unusual
from metrics.models import Alert, DayCount

MINUTE, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(weeks=1)
few = st.integers(0, 300)


@pytest.fixture
def slack(settings, db):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#team"
    settings.GROWTH_TICKETS, settings.GROWTH_HOURS, settings.SPIKE_MENTIONS = 6, 4, 5


def said():
    return list(OutboundItem.objects.order_by("pk").values_list("payload__channel", "payload__text"))


# --- the rules --------------------------------------------------------------------------------------------------------


@given(few, few, st.integers(1, 100))
def test_growth_begins_at_the_threshold_and_ends_at_half_of_it(arrived, worked, threshold):
    found = Growth(arrived, worked)
    assert grows(found, threshold, is_open=False) == (arrived - worked >= threshold)
    assert grows(found, threshold, is_open=True) == (arrived - worked > threshold / 2)
    assert not grows(found, 0, is_open=True)


@given(st.lists(st.integers(-3, 3), max_size=60), st.integers(8, 100))
def test_a_few_tickets_more_or_less_do_not_make_it_come_and_go(changes, threshold):
    """Once open, an alert stays open while the excess hovers around the threshold."""
    states = [grows(Growth(threshold + change, 0), threshold, is_open=True) for change in changes]
    assert all(states)


@settings(max_examples=200)
@given(few, st.lists(few, min_size=4, max_size=8), st.integers(1, 50))
def test_unusual_is_far_outside_of_what_the_weeks_before_had(count, before, minimum):
    usual = median(before)
    spread = 1.4826 * median(abs(each - usual) for each in before)
    bound = usual + 3 * max(spread, sqrt(max(usual, 1)))
    hour = Hour(count, before)
    assert is_unusual(hour, minimum, is_open=False) == (count >= minimum and count > bound)
    assert not is_unusual(hour, 0, is_open=False)
    if is_unusual(hour, minimum, is_open=False):
        assert is_unusual(hour, minimum, is_open=True), "whatever begins is not over at once"
    if count <= max(before, default=0) and len(set(before)) == 1:
        assert not is_unusual(hour, minimum, is_open=False)


@given(few, st.lists(few, max_size=3))
def test_without_enough_weeks_nothing_is_unusual(count, before):
    assert not is_unusual(Hour(count, before), 1, is_open=False)


@given(st.lists(st.integers(0, 4), min_size=5, max_size=8), few)
def test_one_busy_week_does_not_move_what_is_usual(before, busy):
    assert abs(Hour(0, [*before, busy]).usual - Hour(0, before).usual) <= 4


@pytest.mark.parametrize(
    ("count", "before", "expected"),
    [(10, [0] * 8, True), (9, [0] * 8, False), (12, [9] * 8, False), (18, [9] * 8, False), (19, [9] * 8, True)],
)
def test_small_counts_need_more_than_chance(count, before, expected):
    assert is_unusual(Hour(count, before), 10, is_open=False) == expected


# --- a growing queue --------------------------------------------------------------------------------------------------


def arrive(number, at, **values):
    return [TicketFactory(posted_at=at, created_at=at, **values) for _number in range(number)]


def test_growth_is_announced_once_and_again_when_it_is_over(slack):
    tickets = arrive(8, NOON - HOUR)
    arrive(2, NOON - 2 * HOUR, status="solved", solved_at=NOON - HOUR)
    arrive(30, NOON - 3 * HOUR, status="solved", solved_at=NOON - 4 * HOUR)  # history
    arrive(30, NOON - HOUR, channel=ChannelFactory(is_internal=True))
    for ticket in arrive(9, NOON - HOUR):
        Ticket.objects.filter(pk=ticket.pk).update(posted_at=NOON - 26 * HOUR)
    assert watching.watch_growth(NOON) == 1
    ((room, text),) = said()
    assert room == "#team"
    assert text.startswith("📈 *The queue is growing fast*")
    assert "Within the last 4 h, 10 mentions came in and 2 were worked: 8 more." in text
    assert "/reports/alerts/|Alerts>" in text
    for minutes in range(5, 60, 5):
        assert watching.watch_growth(NOON + minutes * MINUTE) == 0
    for ticket in tickets[:3]:
        Ticket.objects.filter(pk=ticket.pk).update(status="pending", last_message_at=NOON + HOUR)
    assert watching.watch_growth(NOON + HOUR) == 0, "5 more is above half of the threshold"
    Ticket.objects.filter(pk=tickets[3].pk).update(status="solved", solved_at=NOON + HOUR)
    Ticket.objects.filter(pk=tickets[4].pk).update(status="solved", solved_at=NOON + HOUR)
    assert watching.watch_growth(NOON + HOUR) == 1
    assert said()[1][1].startswith("✅ *The queue is no longer growing fast*")
    assert Alert.objects.get().ended_at == NOON + HOUR
    assert len(said()) == 2


def test_at_night_nobody_works_the_queue_and_that_is_no_alert(slack):
    covered.publish([(NOON - 4 * HOUR, NOON + 4 * HOUR), (NOON + 20 * HOUR, NOON + 28 * HOUR)])
    arrive(10, NOON + 6 * HOUR)
    arrive(10, NOON + 19 * HOUR)
    for hours in (3, 8, 20, 22):
        assert watching.watch_growth(NOON + hours * HOUR) == 0
    assert growth.may_judge(growth.away(NOON + 24 * HOUR), None)
    arrive(10, NOON + 21 * HOUR)
    assert watching.watch_growth(NOON + 24 * HOUR) == 1


def test_each_team_is_judged_while_it_is_there(slack, client):
    """The desk works until four hours after noon, then the night team. Backlogs outside a team's hours don't count."""
    night = Team.objects.create(name="Night")
    covered.publish([(NOON - 8 * HOUR, NOON + 4 * HOUR), (NOON + 40 * HOUR, NOON + 50 * HOUR)])
    covered.publish([(NOON + 4 * HOUR, NOON + 12 * HOUR), (NOON + 28 * HOUR, NOON + 36 * HOUR)], night.pk)
    days, nights = ChannelFactory(), ChannelFactory(team=night)
    arrive(10, NOON - HOUR, channel=nights)
    assert watching.watch_growth(NOON) == 0
    theirs = arrive(10, NOON + HOUR, channel=days)
    assert watching.watch_growth(NOON + 2 * HOUR) == 1
    alert = Alert.objects.get()
    assert (alert.figures["arrived"], alert.figures["away"]) == (10, [night.pk])
    client.force_login(UserFactory(role="manager"))
    page = client.get("/reports/alerts/").content.decode()
    [link] = re.findall(r'href="(/reports/tickets/[^"]*figure=arrived[^"]*)"', page)
    assert len(client.get(unescape(link)).context["page"].object_list) == 10
    for hours in (5, 9, 12, 32):
        assert watching.watch_growth(NOON + hours * HOUR) == 0, "nobody of the desk is there: it goes on"
    Ticket.objects.filter(pk__in=[each.pk for each in theirs]).update(status="solved", solved_at=NOON + 41 * HOUR)
    assert watching.watch_growth(NOON + 44 * HOUR) == 1
    assert "The queue is no longer growing fast" in said()[-1][1]
    arrive(10, NOON + 29 * HOUR, channel=nights)
    assert watching.watch_growth(NOON + 32 * HOUR) == 1, "the night team is judged in its hours"


def test_growth_counts_what_everybody_may_see(slack):
    arrive(10, NOON - HOUR, channel=ChannelFactory(visible_to=["admin"]))
    assert watching.watch_growth(NOON) == 0


def test_an_alert_runs_once_at_a_time(db):
    for channel in (None, ChannelFactory()):
        Alert.objects.create(kind="growth", channel=channel, began_at=NOON, at=NOON)
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.create(kind="growth", channel=channel, began_at=NOON, at=NOON)


# --- spikes -----------------------------------------------------------------------------------------------------------


def known(channel, weeks=10):
    zone = django_settings.TIME_ZONE
    day = (NOON - weeks * WEEK).astimezone(ZoneInfo(zone)).date()
    DayCount.objects.create(zone=zone, day=day, channel=channel, high=False, mentions=1)
    return channel


def test_a_spike_is_announced_once_with_samples_and_ends_by_itself(slack):
    channel = known(ChannelFactory(name="Talk <b>"))
    for week in range(1, 9):
        arrive(2, NOON - week * WEEK - MINUTE, channel=channel)
    shown = arrive(12, NOON - 10 * MINUTE, channel=channel, subject="It is <down>")
    arrive(12, NOON - HOUR, channel=channel)
    assert watching.watch_spikes(NOON) == 1
    ((room, text),) = said()
    assert room == "#team"
    assert text.startswith("📊 *Unusually many mentions: Talk &lt;b&gt; (Hacker News)*")
    assert "12 within an hour; usually 2 at this hour." in text
    assert text.count("It is &lt;down&gt;") == 3
    assert f"/tickets/{shown[-1].pk}/|#{shown[-1].pk}>" in text
    assert "figure=last_hour" in text
    assert Event.objects.filter(kind="shared", data__channel="#team").count() == 3
    assert watching.watch_spikes(NOON + 5 * MINUTE) == 0
    assert watching.watch_spikes(NOON + 50 * MINUTE) == 1
    assert Alert.objects.get().ended_at == NOON + 50 * MINUTE
    assert Alert.objects.get().figures == {"count": 12, "usual": 2.0, "weeks": 8}
    assert len(said()) == 1


def test_a_channel_that_is_new_has_no_usual_number(slack):
    channel = known(ChannelFactory(), weeks=3)
    arrive(50, NOON - MINUTE, channel=channel)
    assert watching.watch_spikes(NOON) == 0
    assert spikes.measure(Ticket.objects.all(), NOON)[channel.pk] == Hour(50, [0, 0, 0])


def test_what_arrives_late_is_no_spike(slack):
    """After an outage, six hours of mentions arrive at once, but they were posted earlier."""
    channel = known(ChannelFactory())
    for ticket in arrive(60, NOON - 3 * HOUR, channel=channel):
        Ticket.objects.filter(pk=ticket.pk).update(created_at=NOON)
    assert watching.watch_spikes(NOON) == 0


def test_a_spike_of_a_restricted_channel_stays_in_its_rooms(slack):
    secret = known(ChannelFactory(name="Reports", visible_to=["admin"], slack_channels=["#security"]))
    arrive(12, NOON - MINUTE, channel=secret, subject="quokkaleak")
    assert watching.watch_spikes(NOON) == 1
    ((room, text),) = said()
    assert room == "#security"
    assert "quokkaleak" in text
    outsider, admin = UserFactory(role="advocate"), UserFactory(role="admin")
    assert showing.for_everybody_now() == []
    assert [showing.shown_to(user, NOON) == [] for user in (outsider, admin)] == [True, False]
    assert not access.seen_by(outsider, OutboundItem).exists()
    assert access.seen_by(admin, OutboundItem).exists()


def test_a_restricted_ticket_of_a_public_channel_is_not_counted_or_quoted(slack):
    secret, public = ChannelFactory(visible_to=["admin"]), known(ChannelFactory())
    for ticket in arrive(12, NOON - MINUTE, channel=public, subject="quokkaleak"):
        AudienceLimit.objects.create(ticket=ticket, channel=secret)
    assert watching.watch_spikes(NOON) == 0


@pytest.mark.parametrize("number", [1, 12])
def test_looking_for_spikes_costs_the_same_however_many_channels(slack, number, django_assert_num_queries):
    for _number in range(number):
        arrive(1, NOON - MINUTE, channel=known(ChannelFactory()))
    with django_assert_num_queries(5):
        assert watching.watch_spikes(NOON) == 0


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def manager(db):
    client = Client()
    client.force_login(UserFactory(role="manager"))
    return client


@pytest.fixture
def alerted(slack, monkeypatch):
    """One open alert of each kind, and one that is over."""
    monkeypatch.setattr("metrics.alerts.views.desk_now", lambda: NOON)
    channel = known(ChannelFactory(name="Talk"))
    arrive(12, NOON - 10 * MINUTE, channel=channel)
    arrive(3, NOON - 2 * HOUR, status="solved", solved_at=NOON - HOUR)
    assert watching.watch(NOON) == 2
    Alert.objects.create(
        kind="spike", channel=channel, began_at=NOON - WEEK, ended_at=NOON - WEEK + HOUR, at=NOON,
        figures={"count": 12, "usual": 2.0, "weeks": 8},
    )  # fmt: skip
    return channel


def test_every_figure_of_the_page_leads_to_exactly_the_tickets_it_counted(manager, alerted):
    page = manager.get("/reports/alerts/").content.decode()
    found = re.findall(r'<dd><a href="([^"]+)">([\d,]+)</a></dd>', page)
    assert sorted(value for _link, value in found) == ["12", "12", "15", "3"]
    for address, value in found:
        response = manager.get(address.replace("&amp;", "&"))
        assert response.context["page"].paginator.count == int(value)
        assert response.context["back"].startswith("/reports/alerts/?")


def test_the_page_says_what_slack_was_told_with_samples(manager, alerted):
    page = manager.get("/reports/alerts/").content.decode()
    assert "The queue is growing fast: 15 in, 3 worked within 4 h" in page
    assert "Unusually many mentions: Talk (Hacker News), 12 within an hour, usually 0" in page
    assert page.count('<article class="alert"') == 3
    assert len(re.findall(r'<li><a href="/tickets/\d+/">', page)) == 3
    assert showing.for_everybody_now()[0].startswith(("The queue", "Unusually"))


def test_an_empty_page_says_so(manager):
    page = manager.get("/reports/alerts/").content.decode()
    assert "Nothing unusual" in page
    assert "No alerts." in page


def test_the_page_costs_the_same_however_many_alerts(manager, alerted, django_assert_max_num_queries):
    for week in range(2, 4):
        Alert.objects.create(
            kind="growth", began_at=NOON - week * WEEK, ended_at=NOON - week * WEEK + HOUR, at=NOON - week * WEEK,
            figures={"arrived": 1, "worked": 2, "hours": 4},
        )  # fmt: skip
    with django_assert_max_num_queries(12):
        manager.get("/reports/alerts/")
