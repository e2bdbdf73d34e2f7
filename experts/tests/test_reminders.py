from datetime import UTC, datetime, timedelta

import pytest

from channels.models import OutboundItem
from experts.models import Outreach
from experts.outreach import reminders, responding
from experts.tests.factories import ExpertFactory, OutreachFactory
from mentions.models import Event, Ticket

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def asked():
    outreach = OutreachFactory(
        expert=ExpertFactory(timezone="UTC", slack_id="U42"),
        asked_at=MONDAY,
        ends_at=MONDAY + timedelta(days=4),
        slack_ts="1700.1",
        slack_room="C1",
    )
    Ticket.objects.filter(pk=outreach.ticket_id).update(wake_at=outreach.ends_at)
    reminders.schedule(outreach, MONDAY, reminders.FIRST)
    outreach.save()
    return outreach


def sent():
    return [
        (i.payload["channel"], i.payload["thread_ts"], i.payload["text"]) for i in OutboundItem.objects.order_by("pk")
    ]


def test_two_reminders_in_working_hours_then_none(asked):
    assert asked.remind_at == MONDAY + timedelta(hours=4)
    times, now = [], MONDAY
    while now < MONDAY + timedelta(days=3):
        if reminders.run(now):
            times.append(now)
        now += timedelta(minutes=30)
    assert times == [MONDAY + timedelta(hours=4), MONDAY + timedelta(hours=28)]
    assert [row[:2] for row in sent()] == [("C1", "1700.1")] * 2
    assert all(row[2].startswith("<@U42> ") for row in sent())


def test_late_sweep_does_not_remind_at_night(asked):
    night = MONDAY + timedelta(hours=11)
    reminders.run(night)
    assert sent() == []
    asked.refresh_from_db()
    assert asked.remind_at == MONDAY + timedelta(hours=24)


def test_expert_who_is_absent_since_is_not_reminded(asked):
    expert = asked.expert
    expert.absent_until = (MONDAY + timedelta(days=1)).date()
    expert.save()
    reminders.run(MONDAY + timedelta(hours=5))
    assert sent() == []
    asked.refresh_from_db()
    assert asked.remind_at == MONDAY + timedelta(days=2)


def test_acknowledged_request_is_reminded_later(asked):
    responding.respond(asked.pk, "acknowledged", "", now=MONDAY + timedelta(hours=1))
    assert reminders.run(MONDAY + timedelta(hours=5)) == 0
    assert reminders.run(MONDAY + timedelta(hours=25)) == 1


def test_time_is_up_once_the_ticket_returns_and_slack_is_notified(asked):
    assert reminders.run(asked.ends_at - timedelta(minutes=1)) <= 1
    OutboundItem.objects.all().delete()
    assert reminders.run(asked.ends_at) == 1
    assert reminders.run(asked.ends_at + timedelta(days=1)) == 0
    asked.refresh_from_db()
    assert asked.state == Outreach.State.NO_ANSWER
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert (ticket.is_queued, ticket.queued_at) == (True, ticket.posted_at)
    assert len(sent()) == 1
    assert Event.objects.filter(ticket=ticket, kind="outreach", data__to="no_answer").count() == 1


def test_ticket_goes_on_waiting_while_somebody_else_is_asked(asked):
    OutreachFactory(ticket=asked.ticket, ends_at=asked.ends_at + timedelta(days=1))
    reminders.run(asked.ends_at)
    assert Ticket.objects.get(pk=asked.ticket_id).waiting_on == "expert"


@pytest.mark.parametrize("state", ["declined", "redirected", "answered", "withdrawn", "sent", "no_answer"])
def test_ended_requests_are_left_alone(asked, state):
    Outreach.objects.update(state=state)
    assert reminders.run(asked.ends_at) == 0
    assert sent() == []
