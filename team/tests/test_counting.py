"""The team's day by month: each count is the number of those that it lists, and nobody counts what they may not see."""

import re
import uuid
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.models import OutboundItem, Team
from experts.models import Feedback
from experts.tests.factories import TopicFactory
from mentions.models import Question, Reply, RoleTerm
from mentions.people import roles
from mentions.tests.factories import ChannelFactory, TicketFactory, UserFactory
from team import shifts
from team.counting import months
from team.models import (
    CoverageHours,
    Expertise,
    ExpertiseTurn,
    HandOver,
    HandOverItem,
    Holiday,
    Incident,
    IncidentBatch,
    IncidentReply,
    Meeting,
    MeetingRule,
    Release,
    ReleaseRule,
    StandIn,
    UrgentCall,
    VolunteerDay,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
JULY, JUNE = date(2026, 7, 1), date(2026, 6, 1)
AT = datetime(2026, 7, 10, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(stop_clock):
    stop_clock(NOW)


@pytest.fixture
def sam(client):
    user = UserFactory(role="advocate", username="sam", first_name="Sam")
    client.force_login(user)
    return user


def outbound():
    return OutboundItem.objects.create(
        key=uuid.uuid4(), kind="slack", conversation="c", payload={}, state="sent", not_before=AT
    )


def a_call(ticket, sam, at=AT, **more):
    return UrgentCall.objects.create(ticket=ticket, asked_by=sam, asked_at=at, priority_before=0, **more)


def a_reply(ticket, by, at=AT):
    return Reply.objects.create(
        ticket=ticket,
        author=by,
        channel=ticket.channel,
        text="Hi",
        state="sent",
        created_at=at,
        key=uuid.uuid4(),
        guard_message_id=0,
        send_at=at,
    )


def urgent(ticket, sam, at):
    a_call(ticket, sam, at, state="over", taken_at=at + timedelta(minutes=7))


def escalated(ticket, sam, at):
    a_call(ticket, sam, at, step=2)


def handed(ticket, sam, at):
    HandOver.objects.create(user=sam, day=at.date(), done_at=at, lapsed_at=at)


def lapsed(ticket, sam, at):
    HandOver.objects.create(user=sam, day=at.date(), lapsed_at=at)
    HandOver.objects.create(user=sam, day=at.date() - timedelta(days=1), reminded_at=at)  # nothing was open then


def passed(ticket, sam, at):
    day = HandOver.objects.create(user=sam, day=at.date())
    HandOverItem.objects.create(hand_over=day, ticket=ticket, decision="pass", at=at)
    HandOverItem.objects.create(hand_over=day, ticket=TicketFactory(), decision="keep", at=at)


def asked(ticket, sam, at, **more):
    values = {"asked_by": sam, "asked_at": at, "text": "?", "slack_channel": "#product", **more}
    Question.objects.create(ticket=ticket, outbound=outbound(), **values)
    Question.objects.create(ticket=ticket, outbound=outbound(), **{**values, "state": "failed", "answered_at": None})


def answered(ticket, sam, at):
    asked(ticket, sam, at - timedelta(days=40), state="answered", answered_at=at)


def incidents(ticket, sam, at):
    return Incident.objects.create(name="Down", source=str(uuid.uuid4()), words=["down"], started_at=at, opened_at=at)


def bulk(ticket, sam, at):
    incident = incidents(ticket, sam, at - timedelta(days=40))
    batch = IncidentBatch.objects.create(incident=incident, key=uuid.uuid4(), kind="answer", text="x", by=sam, at=at)
    row = {"batch": batch, "incident": incident, "kind": "answer", "send_at": at}
    IncidentReply.objects.create(ticket=ticket, recipient="a", state="sent", reply=a_reply(ticket, sam), **row)
    IncidentReply.objects.create(ticket=TicketFactory(), recipient="b", state="left", **row)


def releases(ticket, sam, at):
    """And one of today, which is not over."""
    for day in (at.date(), NOW.date()):
        rule = ReleaseRule.objects.create(name=f"Release of {day}")
        Release.objects.create(rule=rule, month=JULY, day=day)


def volunteers(ticket, sam, at):
    vera, wes = UserFactory(username="vera"), UserFactory(username="wes")
    role = Group.objects.get(name=roles.VOLUNTEER)
    for user, begun_at in ((vera, at), (wes, None)):  # his has not begun
        span = {"starts_at": at - timedelta(hours=9), "ends_at": at + timedelta(hours=15)}
        term = RoleTerm.objects.create(user=user, role=role, given_by=sam, begun_at=begun_at, **span)
        VolunteerDay.objects.create(
            user=user, day=at.date(), buddy=sam, invited_by=sam, invited_at=at, link_until=at, state="accepted",
            term=term,
        )  # fmt: skip
    return vera


def helped(ticket, sam, at):
    vera = volunteers(ticket, sam, at)
    a_reply(ticket, vera, at)
    a_reply(ticket, vera, at + timedelta(days=1))
    a_reply(ticket, sam, at)


def feedback(ticket, sam, at, **more):
    values = {"routed_at": at, "state_at": at, **more}
    Feedback.objects.create(topic=TopicFactory(), ticket=ticket, key=uuid.uuid4(), **values)


def outcomes(ticket, sam, at):
    feedback(ticket, sam, at - timedelta(days=40), state="shipped", state_at=at)


def rotated(ticket, sam, at):
    expertise = Expertise.objects.create(name="Merch", every_months=0)
    ExpertiseTurn.objects.create(expertise=expertise, user=sam, since=at.date())


def stood_in(ticket, sam, at):
    people = {"user": UserFactory(), "to": sam, "by": sam, "at": at, "what": "Merch"}
    StandIn.objects.create(role="expertise", number=1, begun_at=at, **people)
    StandIn.objects.create(role="expertise", number=2, **people)  # has not begun


def slides(ticket, sam, at):
    rule = MeetingRule.objects.create(name="Key meeting")
    Meeting.objects.create(rule=rule, month=at.date().replace(day=1), reported_at=at)
    Meeting.objects.create(rule=rule, month=JUNE.replace(month=1))


MAKERS = {
    each.__name__: each
    for each in (urgent, escalated, handed, lapsed, passed, asked, answered, incidents, bulk, releases, volunteers,
                 helped, feedback, outcomes, rotated, stood_in, slides)
}  # fmt: skip
OF_TICKETS = ("urgent", "escalated", "passed", "asked", "answered", "bulk", "helped", "feedback", "outcomes")
WITH_IT = {"escalated": {"urgent"}, "helped": {"volunteers"}, "answered": {"asked"}, "bulk": {"incidents"},
           "outcomes": {"feedback"}}  # fmt: skip
"""What is counted besides, in July or before."""


def test_every_count_has_a_maker_here():
    assert MAKERS.keys() == months.COUNTS.keys()


@pytest.mark.parametrize("slug", months.COUNTS)
def test_each_count_is_in_its_month_and_leads_to_what_it_counts(client, sam, slug):
    ticket = TicketFactory(subject="Where is it?")
    MAKERS[slug](ticket, sam, AT)
    found = months.of(sam, NOW, UTC)
    others = {each for each in months.COUNTS if found.count(each, JULY)} - {slug}
    assert (found.count(slug, JULY), found.count(slug, JUNE)) == (1, 0)
    assert others <= WITH_IT.get(slug, set())
    html = client.get("/coverage/months/").content.decode()
    assert f'href="?count={slug}&amp;month=2026-07#behind"' in html
    page = client.get(f"/coverage/months/?count={slug}&month=2026-07").content.decode()
    [behind] = re.findall(r'<ul class="plain-list">(.*?)</ul>', page, re.DOTALL)
    assert behind.count("<li>") == 1
    if slug in OF_TICKETS:
        assert f'<a href="/tickets/{ticket.pk}/">#{ticket.pk} Where is it?</a>' in behind


@pytest.mark.parametrize("slug", OF_TICKETS)
def test_hidden_tickets_are_neither_counted_nor_named(client, sam, slug):
    MAKERS[slug](TicketFactory(channel=ChannelFactory(visible_to=["admin"]), subject="Secret"), sam, AT)
    assert months.of(sam, NOW, UTC).count(slug, JULY) == 0
    assert "Secret" not in client.get(f"/coverage/months/?count={slug}&month=2026-07").content.decode()
    assert months.of(UserFactory(role="admin"), NOW, UTC).count(slug, JULY) == 1


def test_what_was_withdrawn_or_too_long_ago_counts_nothing(sam):
    a_call(TicketFactory(), sam, state="withdrawn")
    a_call(TicketFactory(), sam, datetime(2025, 7, 31, 20, tzinfo=UTC))
    found = months.of(sam, NOW, UTC)
    assert found.is_empty
    assert (found.months[0], found.months[-1], len(found.months)) == (JULY, date(2025, 8, 1), 12)


def test_months_before_the_first_thing_counted_are_left_out(sam):
    a_call(TicketFactory(), sam, datetime(2026, 5, 3, 8, tzinfo=UTC))
    assert months.of(sam, NOW, UTC).months == [JULY, JUNE, date(2026, 5, 1)]


def test_months_are_those_of_the_reader(sam):
    a_call(TicketFactory(), sam, datetime(2026, 6, 30, 20, tzinfo=UTC))
    counts = [
        months.of(sam, NOW, ZoneInfo(zone)).count("urgent", JULY) for zone in ("Asia/Kolkata", "America/New_York")
    ]
    assert counts == [1, 0]


def measured(sam, month):
    found = months.of(sam, NOW, UTC)
    return {heading: texts[found.months.index(month)] for heading, texts in found.hours}


def test_hours_are_those_that_were_covered_and_those_that_nobody_took(sam):
    """Mondays of June but a holiday, four hours each; one shift, another on call only."""
    CoverageHours.objects.create(weekday=0, starts=time(8), ends=time(12))
    Holiday.objects.create(day=date(2026, 6, 8), name="Off")
    assert measured(sam, JUNE) == {
        "Coverage hours": "16", "Hours with nobody on shift": "–", "Median time to take an urgent ticket": "–"
    }  # fmt: skip
    for day, is_on_call in ((15, False), (22, True)):
        shifts.add_shifts(sam, date(2026, 6, day), time(8), time(11), ZoneInfo("UTC"), is_on_call=is_on_call)
    assert measured(sam, JUNE)["Hours with nobody on shift"] == "13"
    assert measured(sam, JULY)["Coverage hours"] == "12", "three Mondays until now"
    team = Team.objects.create(name="Night")
    CoverageHours.objects.create(weekday=0, starts=time(20), ends=time(22), team=team)
    assert measured(sam, JUNE)["Coverage hours"] == "24"
    assert measured(sam, JUNE)["Hours with nobody on shift"] == "13", "the team enters no shifts"


def test_until_taken_is_the_median(sam):
    for minutes in (5, 90, 20):
        a_call(TicketFactory(), sam, state="taken", taken_by=sam, taken_at=AT + timedelta(minutes=minutes))
    a_call(TicketFactory(), sam)
    assert measured(sam, JULY)["Median time to take an urgent ticket"] == "20 min"


def test_csv_has_the_numbers_of_the_page(client, sam):
    for number, make in enumerate(MAKERS.values()):
        if make.__name__ not in ("volunteers", "lapsed", "passed"):
            make(TicketFactory(), sam, AT + timedelta(minutes=number))
    lines = client.get("/coverage/months/table.csv").content.decode("utf-8-sig").splitlines()
    found = months.of(sam, NOW, UTC)
    assert len(lines) == 1 + len(found.months)
    assert lines[1].split(",") == [
        "2026-07", "–", "–", "7 min", *(str(found.count(slug, JULY)) for slug in months.COUNTS)
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["count=urgent", "count=x&month=2026-07", "count=urgent&month=2020-01", "month=x"])
def test_nonsense_shows_the_table(client, sam, query):
    a_call(TicketFactory(), sam)
    page = client.get(f"/coverage/months/?{query}")
    assert page.status_code == 200
    assert "behind" not in page.content.decode().split("</table>")[1]


def test_without_anything_the_page_says_what_appears(client, sam):
    assert "Nothing to count yet" in client.get("/coverage/months/").content.decode()


def test_constant_number_of_queries(client, sam):
    counts = []
    for _round in range(2):
        for _ticket in range(3):
            ticket = TicketFactory()
            a_call(ticket, sam)
            feedback(ticket, sam, AT)
            incidents(ticket, sam, AT)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/coverage/months/?count=urgent&month=2026-07")
        counts.append(len(queries))
    assert counts[0] == counts[1]
