"""Contributors' steps by month: each figure equals the number of people it lists."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentions.marks import steps
from mentions.models import Application, Event, Mark, SwagRule, SwagSuggestion
from mentions.tests.factories import AuthorFactory, ChannelFactory, MessageFactory, PersonFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
JULY, JUNE = date(2026, 7, 1), date(2026, 6, 1)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("mentions.views.contributors.steps.desk_now", lambda: NOW)


@pytest.fixture
def sam(client):
    user = UserFactory(role="advocate", username="sam")
    client.force_login(user)
    return user


def at(month, day, hour=12):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def person(name, channel=None):
    author = AuthorFactory(name=name, person=PersonFactory(name=name))
    author.ticket = MessageFactory(
        author=author, ticket__requester=author, ticket__channel=channel or ChannelFactory()
    ).ticket
    return author


def mark(author, kind="contributor", since=date(2026, 7, 3), **more):
    return Mark.objects.create(person=author.person, kind=kind, since=since, source="hand", decided_at=NOW, **more)


def swag(author, made_at, when="first", state="open", decided_at=None):
    rule, _new = SwagRule.objects.get_or_create(name=when, when=when)
    return SwagSuggestion.objects.create(
        rule=rule, person=author.person, made_at=made_at, state=state, decided_at=decided_at
    )


def application(author, *states, created_at):
    made = Application.objects.create(
        ticket=author.ticket, program="Education", state=states[-1][1] if states else "received", state_at=NOW,
        created_at=created_at,
    )  # fmt: skip
    for when, state in states:
        Event.objects.create(ticket=author.ticket, at=when, kind="application", data={"to": state})
    return made


def counts(user, month, zone=UTC):
    found = steps.of(user, NOW, zone)
    return {step: found.count(step, month) for step in steps.STEPS if found.count(step, month)}


def test_each_step_is_in_its_month(sam):
    ana, ben, cleo = person("Ana"), person("Ben"), person("Cleo")
    mark(ana)
    mark(ben, since=date(2026, 6, 30))
    mark(ben, kind="core")
    swag(ana, at(6, 10), state="given", decided_at=at(7, 2))
    swag(ben, at(7, 4), when="helped", state="declined", decided_at=at(7, 5))
    application(cleo, (at(7, 1), "checked"), (at(7, 2), "approved"), (at(7, 3), "done"), created_at=at(6, 29))
    assert counts(sam, JULY) == {
        "contributor": 1, "core": 1, "helped": 1, "suggested": 1, "given": 1, "declined": 1, "approved": 1
    }  # fmt: skip
    assert counts(sam, JUNE) == {"contributor": 1, "suggested": 1, "applied": 1}


def test_what_is_no_step_counts_nothing(sam):
    ana, ben, cleo = person("Ana"), person("Ben"), person("Cleo")
    mark(ana, since=None)
    mark(ana, kind="customer")
    mark(ben, is_given=False)
    mark(cleo, since=date(2025, 7, 31))
    application(ana, (at(7, 2), "approved"), (at(7, 3), "received"), created_at=at(1, 1))
    assert counts(sam, JULY) == {}


def test_a_changed_decision_counts_as_it_is_now_and_two_swag_rules_as_one_person(sam):
    ana = person("Ana")
    application(ana, (at(6, 2), "declined"), (at(7, 3), "approved"), created_at=at(6, 1))
    swag(ana, at(7, 4))
    swag(ana, at(7, 5), when="core")
    assert counts(sam, JULY) == {"approved": 1, "suggested": 1}
    assert counts(sam, JUNE) == {"applied": 1}


def test_months_are_those_of_the_reader(sam):
    swag(person("Ana"), datetime(2026, 6, 30, 23, tzinfo=UTC))
    assert counts(sam, JUNE) == {"suggested": 1}
    assert counts(sam, JULY, ZoneInfo("Europe/Amsterdam")) == {"suggested": 1}


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 7, 22), date(2026, 7, 1), date(2025, 8, 1)),
        (date(2026, 1, 31), date(2026, 1, 1), date(2025, 2, 1)),
        (date(2026, 12, 1), date(2026, 12, 1), date(2026, 1, 1)),
    ],
)
def test_twelve_months(today, first, last):
    found = steps.months_until(today)
    assert (found[0], found[-1], len(set(found))) == (first, last, 12)


def test_every_figure_leads_to_as_many_people(client, sam):
    for number in range(3):
        mark(person(f"Ana {number}"))
    cleo = person("Cleo")
    application(cleo, (at(7, 2), "declined"), created_at=at(7, 1))
    html = client.get("/contributors/steps/").content.decode()
    for step, number in (("contributor", 3), ("applied", 1), ("refused", 1)):
        assert f'?step={step}&amp;month=2026-07#people">{number}<' in html
        behind = client.get("/contributors/steps/", {"step": step, "month": "2026-07"})
        assert len(behind.context["people"]) == number
    assert f"/tickets/{cleo.ticket.pk}/" in behind.content.decode()


def test_hidden_people_are_neither_counted_nor_named(client, sam):
    hidden = person("Hidden Hana", ChannelFactory(visible_to=["admin"]))
    mark(hidden)
    swag(hidden, at(7, 4))
    application(hidden, (at(7, 2), "approved"), created_at=at(7, 1))
    assert counts(sam, JULY) == {}
    assert counts(UserFactory(role="admin"), JULY) == {"contributor": 1, "suggested": 1, "applied": 1, "approved": 1}
    page = client.get("/contributors/steps/", {"step": "contributor", "month": "2026-07"}).content.decode()
    assert "Hidden Hana" not in page
    assert "No steps yet" in page


@pytest.mark.parametrize("query", ["step=x&month=2026-07", "step=core&month=x", "step=core", "month=2026-07", "step="])
def test_nonsense_shows_the_table(client, sam, query):
    answer = client.get(f"/contributors/steps/?{query}")
    assert answer.status_code == 200
    assert not answer.context["step"]


def test_csv_has_the_figures_of_the_table(client, sam):
    mark(person("Ana"))
    lines = client.get("/contributors/steps/table.csv").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Month,New contributors,First help for others,Swag suggested")
    assert lines[1] == "2026-07,1,0,0,0,0,0,0,0,0"
    assert len(lines) == 13


def test_constant_number_of_queries(client, sam):
    address = "/contributors/steps/?step=contributor&month=2026-07"
    mark(person("Ana"))
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(30):
        mark(person(f"Ana {number}"))
        swag(person(f"Ben {number}"), at(7, 4))
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)
