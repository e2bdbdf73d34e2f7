"""Applications to programs: every state and transition, decisions by macro, and CRM updates, once and in order."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from advocacy.handbook.macros import MACROS
from channels.models import OutboundItem
from channels.outbox import outbox
from channels.tests.loopback import Reply, as_json, serving
from mentions.macros import macros
from mentions.models import Application, Macro
from mentions.programs import applications
from mentions.tests.factories import ChannelFactory, MessageFactory, TicketFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import outcomes

pytestmark = pytest.mark.django_db
State = Application.State


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


@pytest.fixture
def channel():
    return ChannelFactory(connection__platform="form", settings={"program": "Education"})


def applied(channel, **more):
    now = timezone.now()
    ticket = TicketFactory(channel=channel, status="new", posted_at=now, **more)
    MessageFactory(ticket=ticket, channel=channel, namespace="email", posted_at=now)
    assert applications.receive(now) == 1
    return ticket


def state_of(ticket):
    return Application.objects.get(ticket=ticket).state


def put(ticket, state, licence="L-1"):
    Application.objects.filter(ticket=ticket).update(state=state, licence=licence)


def test_only_work_in_a_programs_channel_is_an_application(channel):
    applied(channel)
    TicketFactory(channel=channel, status="solved")
    TicketFactory(channel=ChannelFactory(connection__platform="form", settings={"program": ""}))
    TicketFactory()
    assert applications.receive(timezone.now()) == 0
    assert Application.objects.count() == 1


@pytest.mark.parametrize("then", State.values)
@pytest.mark.parametrize("first", State.values)
def test_every_way_is_the_tables(channel, sam, first, then):
    ticket = applied(channel)
    put(ticket, first)
    try:
        applications.decide(ticket.pk, sam, None, state=then, now=timezone.now())
    except OutcomeRefused:
        assert then not in applications.MOVES[first]
        assert state_of(ticket) == first
    else:
        assert then == first or then in applications.MOVES[first]
        assert state_of(ticket) == then


def test_every_state_leads_to_done_and_is_reached():
    assert set(applications.MOVES) == set(State.values)
    reached = {state for targets in applications.MOVES.values() for state in targets}
    assert reached == set(State.values)


def test_applicant_who_answers_is_received_again(channel, sam):
    ticket, now = applied(channel), timezone.now()
    applications.decide(ticket.pk, sam, None, state=State.ASKED, now=now)
    assert applications.note_answers(now) == 0
    MessageFactory(ticket=ticket, channel=channel, namespace="email", posted_at=now + timedelta(hours=1))
    assert applications.note_answers(now + timedelta(hours=1)) == 1
    assert applications.note_answers(now + timedelta(hours=1)) == 0
    assert state_of(ticket) == State.RECEIVED


def test_licence_makes_an_approved_one_done_and_no_other(channel, sam):
    ticket, now = applied(channel), timezone.now()
    with pytest.raises(OutcomeRefused, match="Approve"):
        applications.note_licence(ticket.pk, sam, None, licence="L-7", now=now)
    applications.decide(ticket.pk, sam, None, state=State.APPROVED, now=now)
    with pytest.raises(OutcomeRefused, match="Record the licence"):
        applications.decide(ticket.pk, sam, None, state=State.DONE, now=now)
    applications.note_licence(ticket.pk, sam, None, licence="L-7, 30 seats", now=now)
    assert state_of(ticket) == State.DONE


@pytest.mark.parametrize(
    ("name", "state"),
    [("Program::Approve", "approved"), ("Program::Decline", "declined"), ("Program::More information", "asked")],
)
def test_macros_of_the_preset_decide_once(channel, sam, name, state):
    ticket, now = applied(channel), timezone.now()
    actions = next(row["actions"] for row in MACROS if row["name"] == name)
    macro = Macro.objects.create(name=name, actions=actions)
    values = {each["name"]: "because" for each in macros.fields_of(macro)}
    for _ in range(2):
        macros.apply(macro, ticket.pk, sam, None, values=values, now=now)
    assert state_of(ticket) == state
    assert ticket.events.filter(kind="application").count() == 2  # received, decided
    other = TicketFactory()
    macros.apply(macro, other.pk, sam, None, values=values, now=now)
    assert not Application.objects.filter(ticket=other).exists()


def test_crm_hears_each_change_once_in_order_and_retried(channel, sam, settings):
    took, answers = {}, [Reply(503, b""), Reply(drop=True)]

    def crm(seen):
        if answers:
            return answers.pop()
        took.setdefault(seen.headers["X-Desk-Delivery"], json.loads(seen.body))
        return as_json({})

    with serving(crm) as server:
        settings.CRM_WEBHOOK_URL, settings.CRM_WEBHOOK_SECRET = f"{server.url}/desk", "x" * 20
        settings.ALLOWED_PRIVATE_HOSTS = [server.url.partition("//")[2]]
        ticket, now = applied(channel, requester__name="Ada", requester__handle="ada@univ.example"), timezone.now()
        for _ in range(2):
            applications.decide(ticket.pk, sam, None, state=State.APPROVED, now=now)
        applications.note_licence(ticket.pk, sam, None, licence="L-7", now=now)
        applications.note_licence(ticket.pk, sam, None, licence="L-7", now=now)
        assert outbox.send_due(now) == 0  # still within the undo window
        for hours in range(1, 8):
            outbox.send_due(now + timedelta(hours=hours))
    states = [body["application"]["state"] for body in took.values()]
    assert states == ["received", "approved", "done"]
    assert [body["sequence"] for body in took.values()] == [1, 2, 3]
    last = list(took.values())[-1]["application"]
    assert (last["licence"], last["applicant"]) == ("L-7", {"name": "Ada", "email": "ada@univ.example"})
    assert set(OutboundItem.objects.values_list("state", flat=True)) == {"sent"}


def test_crm_that_is_away_holds_no_reply_back(channel, sam, settings):
    settings.CRM_WEBHOOK_URL, settings.CRM_WEBHOOK_SECRET = "https://crm.acme.example/", "x" * 20
    ticket = applied(channel)
    (item,) = OutboundItem.objects.all()
    assert item.conversation == f"program:{ticket.pk}"


def test_without_a_crm_nothing_is_queued(channel, settings):
    settings.CRM_WEBHOOK_URL = ""
    applied(channel)
    assert not OutboundItem.objects.exists()


def test_list_filters_by_program_and_state_at_the_same_cost(channel, sam, django_assert_max_num_queries):
    startups = ChannelFactory(connection=channel.connection, settings={"program": "Startups"})
    one, other = applied(channel), applied(startups)
    client = Client()
    client.force_login(sam)
    with django_assert_max_num_queries(40) as few:
        page = client.get("/programs/").content.decode()
    assert f"#{one.pk}" in page
    assert f"#{other.pk}" in page
    for _ in range(20):
        applied(channel)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get("/programs/")
    only = client.get("/programs/?program=Startups").content.decode()
    assert f"#{one.pk} " not in only
    assert f"#{other.pk} " in only
    put(other, State.DECLINED)
    assert f"#{other.pk} " not in client.get("/programs/").content.decode()
    assert f"#{other.pk} " in client.get("/programs/?state=declined").content.decode()
    assert f"#{other.pk} " in client.get("/programs/?state=any").content.decode()


def test_page_of_the_ticket_decides_and_notes_the_licence(channel, sam):
    ticket = applied(channel)
    client = Client()
    client.force_login(sam)
    assert "Education" in client.get(f"/tickets/{ticket.pk}/").content.decode()
    client.post(f"/tickets/{ticket.pk}/application/", {"state": "approved"})
    assert state_of(ticket) == State.APPROVED
    client.post(f"/tickets/{ticket.pk}/application/", {"licence": "L-7"})
    assert state_of(ticket) == State.DONE
    outcomes.no_reply_needed(ticket.pk, sam, None, reason="other", now=timezone.now())
    for role in ("manager", "volunteer"):
        client.force_login(UserFactory(role=role))
        assert client.post(f"/tickets/{ticket.pk}/application/", {"state": "approved"}).status_code == 403


def test_who_helps_for_a_day_decides_about_no_application(channel):
    ticket, helper = applied(channel), UserFactory(role="volunteer")
    client = Client()
    client.force_login(helper)
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "Education" in page
    assert f"/tickets/{ticket.pk}/application/" not in page
    actions = next(row["actions"] for row in MACROS if row["name"] == "Program::Approve")
    macro = Macro.objects.create(name="Program::Approve", actions=actions)
    values = {each["name"]: "because" for each in macros.fields_of(macro)}
    with pytest.raises(PermissionDenied):
        macros.apply(macro, ticket.pk, helper, None, values=values, now=timezone.now())
    assert state_of(ticket) == State.RECEIVED
