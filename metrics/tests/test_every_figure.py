"""Walks all figures of all reports: each links to exactly the tickets it counted, whatever the filters."""

import csv
import io
import random
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels.clocks import desk_now
from channels.models import Channel
from channels.models.connection import Priority
from channels.tests.kept import kept
from experts.models import Outreach
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Reply, Tag, Ticket
from mentions.tests.factories import (
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    EventFactory,
    MessageFactory,
    PersonFactory,
    TicketFactory,
    UserFactory,
)
from metrics.figures.source import Rolled
from metrics.outcome_conditions import NEXT_REPLIES
from metrics.overview.report import OverviewReport
from metrics.pages import behind
from metrics.pages.words import link
from metrics.reach import counts as reach
from metrics.reports import REPORTS
from metrics.rollups import keeping
from metrics.tables import tables_of
from team import coverage
from team.models import CoverageHours, Release, ReleaseRule, Shift

pytestmark = pytest.mark.django_db
WALKED = [name for name in REPORTS if name != OverviewReport.name]
"""The overview also has figures outside its table, which test_overview.py walks."""
State = Outreach.State
TAGS = ("runner", "billing", "expert-responded")


@pytest.fixture(scope="module")
def desk(django_db_setup, django_db_blocker):
    with kept(django_db_blocker):
        yield busy_desk()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """The pages behind the figures show few rows but count all."""
    monkeypatch.setattr(behind, "PER_PAGE", 3)
    cache.clear()


@pytest.fixture
def mo():
    return UserFactory(role="manager")


@pytest.fixture
def client(mo):
    client = Client()
    client.force_login(mo)
    return client


def busy_desk():
    """Five months of tickets and requests of every kind, more of them recent; the team works during the day."""
    now, rng = timezone.now(), random.Random(12)
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8, 10), ends=time(17), time_zone="Europe/Berlin")
    coverage.publish(desk_now())
    platforms = [ConnectionFactory(platform=name) for name in ("hackernews", "twitter", "discourse")]
    channels = [ChannelFactory(connection=platforms[n % 3], is_internal=n == 4) for n in range(5)]
    tags = [Tag.objects.get_or_create(name=name)[0] for name in TAGS]
    tickets = [_ticket(n, now, rng, channels) for n in range(80)]
    for number, ticket in enumerate(tickets):
        ticket.tags.add(*tags[: number % 4])
    _ticket(3, now, rng, channels, merged_into=tickets[0])
    _requests(now, rng, tickets)
    _messages(rng, tickets)
    _outcomes(now, tickets)
    _work(now, rng, tickets)
    _releases(now, tickets)
    return channels


def counted(client, address, figure):
    """The number of tickets; for reach and waits, the sum over the tickets."""
    page = client.get(address).context["page"]
    if figure not in (*reach.NAMES, NEXT_REPLIES):
        return page.paginator.count
    return sum(ticket.reach for ticket in page.paginator.object_list)


def _ticket(n, now, rng, channels, **values):
    posted = now - timedelta(hours=rng.choice([rng.uniform(0, 24 * 20), rng.uniform(0, 24 * 150)]))
    answered = posted + timedelta(hours=rng.expovariate(1 / 6)) if n % 3 else None
    answered = answered if answered and answered < now else None
    reason = "praise" if not answered and n % 4 == 0 else ""
    return TicketFactory(
        channel=channels[n % 5],
        priority=rng.choice([Priority.NORMAL, Priority.HIGH]),
        language=rng.choice(["", "en", "de"]),
        posted_at=posted,
        first_reply_at=answered,
        no_reply_reason=reason,
        due_at=None if answered or reason else posted + timedelta(hours=7),
        status="solved" if answered else rng.choice(["new", "open"]),
        solved_at=answered,
        **values,
    )


EXTRAS = [
    {"likes": 3, "reposts": 2, "replies": 1},
    {"points": 40, "comments": 7},
    {"views": 900, "likes": 5, "score": 99},
    {"views": "many", "likes": True, "place": 2},
    {"likes": 0, "views": 10**40},
    {},
]


def _messages(rng, tickets):
    for n, ticket in enumerate(tickets):
        for _again in range(1 + n % 2):
            MessageFactory(ticket=ticket, extra=rng.choice(EXTRAS))
        MessageFactory(ticket=ticket, extra={"likes": 1000}, direction="by")


def _outcomes(now, tickets):
    """Exchanges, undelivered replies and reopened tickets; spam and an own post that were answered."""
    us, mo = AuthorFactory(is_us=True), UserFactory()
    for n, ticket in enumerate(tickets):
        if n % 4 == 1:
            for hours in range(1, 2 + n % 3):
                at = min(ticket.posted_at + timedelta(hours=5 * hours), now)
                MessageFactory(ticket=ticket, direction="team", author=us, posted_at=at, is_bounced=n % 12 == 5)
                MessageFactory(ticket=ticket, posted_at=min(at + timedelta(hours=2), now), is_auto=n % 8 == 1)
            Ticket.objects.filter(pk=ticket.pk).update(last_message_at=min(at + timedelta(hours=2), now))
        if n % 7 == 2:
            state, key = ("failed", "uncertain", "sent")[n % 3], uuid4()
            values = {"author": mo, "channel": ticket.channel, "key": key, "state": state, "guard_message_id": 0}
            Reply.objects.create(ticket=ticket, created_at=ticket.posted_at, send_at=ticket.posted_at, **values)
        if n % 5 == 4:
            at = min(ticket.posted_at + timedelta(hours=9), now)
            data = {"from": {"status": "solved"}, "to": {"status": "open"}}
            EventFactory(ticket=ticket, at=at, kind="status", data=data)
    answered = [ticket for ticket in tickets if ticket.first_reply_at]
    for ticket, reason in zip(answered[::3], ("spam", "own", "automatic") * 9, strict=False):
        Ticket.objects.filter(pk=ticket.pk).update(no_reply_reason=reason)


def _releases(now, tickets):
    rule = ReleaseRule.objects.create(name="Monthly release", starts=time(8), ends=time(22, 30))
    month = now.date().replace(day=1)
    for number in range(4):
        month = (month - timedelta(days=1)).replace(day=1)
        day = month.replace(day=15)
        Release.objects.create(rule=rule, month=month, day=day, name=f"17.{number}")
        for ticket in tickets[number * 9 : number * 9 + 4]:
            posted = datetime.combine(day, time(12, 5), UTC)
            Ticket.objects.filter(pk=ticket.pk).update(posted_at=posted, first_reply_at=posted + timedelta(hours=2))


def _work(now, rng, tickets):
    team = [UserFactory(role="advocate", first_name=name) for name in ("Ada", "Bo")]
    own = AuthorFactory(person=PersonFactory(user=team[0], is_us=True))
    for n, ticket in enumerate(tickets):
        who, at = team[n % 2], min(ticket.posted_at + timedelta(hours=rng.uniform(0, 90)), now)
        EventFactory(ticket=ticket, actor=who, at=at, kind="noted")
        if n % 3 == 0:
            EventFactory(ticket=ticket, actor=who, at=at, kind="status", data={"to": {"status": "solved"}})
        if n % 4 == 0:
            EventFactory(ticket=ticket, actor=team[0], at=at, kind="no_reply")
        if n % 5 == 0:
            MessageFactory(ticket=ticket, direction="team", author=own, posted_at=at)
        if n % 6 == 0:
            ticket.assignee = who
            ticket.save()
    Outreach.objects.filter(pk__in=list(Outreach.objects.values_list("pk", flat=True)[::2])).update(asked_by=team[0])
    for days in range(20):
        starts = now - timedelta(days=days, hours=3)
        Shift.objects.create(user=team[1], starts_at=starts, ends_at=starts + timedelta(hours=8))


def _requests(now, rng, tickets):
    verify, runner, team = TopicFactory(slug="verify"), TopicFactory(), TopicFactory()
    runner.parent = verify
    runner.save()
    experts = [ExpertFactory() for _ in range(3)]
    experts[0].topics.add(verify, runner)
    experts[1].topics.add(team)
    for n, ticket in enumerate(tickets[:70]):
        asked = min(ticket.posted_at + timedelta(hours=rng.uniform(0, 5)), now)
        state = State.values[n % len(State.values)]
        is_answered = state in (State.ANSWERED, State.SENT)
        whom = {"expert": None, "topic": rng.choice([verify, team])} if n % 3 == 0 else {"expert": experts[n % 3]}
        OutreachFactory(
            ticket=ticket,
            state=state,
            asked_at=asked,
            answered_at=min(asked + timedelta(hours=rng.expovariate(1 / 50)), now) if is_answered else None,
            answered_by=rng.choice(experts).person if is_answered and n % 2 else None,
            error="not in channel" if n % 11 == 5 else "",
            **whom,
        )


def cells_of(report):
    """Every cell that links to tickets."""
    cells = [cell for table in tables_of(report) for row in table.rows for cell in row if cell.figure and cell.value]
    return cells


QUERIES = [
    {"period": "90d"},
    {"period": "last-month", "internal": "1"},
    {"period": "90d", "priority": "high", "language": "en"},
    {"period": "30d", "tag": "runner"},
    {"period": "90d", "team": "verify"},
    {"period": "90d", "channel": "one", "hours": "coverage"},
    {"period": "30d", "compare": "year"},
    {"period": "7d", "compare": "custom", "vs_from": "{vs_from}", "vs_to": "{vs_to}"},
    {"period": "30d", "tag": "runner", "language": "en"},
    {"period": "90d", "noise": "1"},
]


def with_days(query):
    """Fills in comparison days that are in the past whenever the test runs."""
    today = timezone.now().date()
    days = {"vs_from": today - timedelta(days=100), "vs_to": today - timedelta(days=21)}
    return {key: value.format(**days) for key, value in query.items()}


@pytest.mark.parametrize("name", WALKED)
def test_every_figure_leads_to_exactly_what_it_counted(client, desk, name):
    """All figures without filters; some of each column with filters."""
    Channel.objects.filter(pk=desk[1].pk).update(slug="one")
    slugs = dict(Channel.objects.values_list("pk", "slug"))
    for number, query in enumerate(map(with_days, QUERIES)):
        report = client.get(reverse("metrics:report", args=[name]), query).context["report"]
        cells = cells_of(report)
        assert cells or "language" in query, query
        for cell in cells[:: 1 + number * 3]:
            address = link(cell, QueryDict(urlencode(query)), slugs, report.name)
            count = counted(client, address, cell.figure)
            shown = cell.shown.replace(",", "")
            assert count == int(shown) if shown.isdigit() else count, address


@pytest.mark.parametrize("name", WALKED)
def test_the_page_links_every_figure_that_is_not_zero(client, desk, name):
    response = client.get(reverse("metrics:report", args=[name]), {"period": "90d"})
    page = response.content.decode()
    tables = page[page.index("<tbody>") :]
    assert tables.count('href="/reports/tickets/') == len(cells_of(response.context["report"]))


@pytest.mark.parametrize("name", WALKED)
def test_every_table_is_a_csv_file(client, desk, name):
    page = client.get(reverse("metrics:report", args=[name]), {"period": "90d"})
    tables = tables_of(page.context["report"])
    assert len({table.slug for table in tables}) == len(tables)
    for table in tables:
        answer = client.get(reverse("metrics:csv", args=[name]), {"period": "90d", "table": table.slug})
        assert "-UTC-" in answer.headers["Content-Disposition"]
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == 1 + len(table.rows)
        assert rows[0] == table.heads
        assert f'id="{table.slug}"' in page.content.decode()


@pytest.mark.parametrize("name", WALKED)
def test_the_way_back_keeps_the_filters_and_drops_the_figure(client, desk, name):
    query = {"period": "90d", "language": "en"}
    report = client.get(reverse("metrics:report", args=[name]), query).context["report"]
    slugs = dict(Channel.objects.values_list("pk", "slug"))
    for cell in cells_of(report)[:20]:
        back = client.get(link(cell, QueryDict(urlencode(query)), slugs, report.name)).context["back"]
        kept = back.split("?")[1]
        assert "period=90d" in kept
        assert "language=en" in kept
        assert not {"figure", "weekday", "hour", "topic", "person", "platform", "advocate", "release"} & set(
            QueryDict(kept)
        )


def test_what_a_reader_may_not_see_is_in_no_figure(client, desk):
    secret = ChannelFactory(visible_to=["admin"])
    before = {name: values(client, name) for name in WALKED}
    ticket = TicketFactory(channel=secret, posted_at=timezone.now() - timedelta(hours=3))
    ticket.tags.add(Tag.objects.get(name="runner"))
    expert = ExpertFactory(person__name="Quokka")
    OutreachFactory(ticket=ticket, expert=expert, asked_at=timezone.now() - timedelta(hours=2))
    assert {name: values(client, name) for name in WALKED} == before


def values(client, name):
    report = client.get(reverse("metrics:report", args=[name])).context["report"]
    return [[cell.shown for cell in row] for table in tables_of(report) for row in table.rows]


def test_no_figure_changes_when_it_comes_from_roll_ups(client, desk):
    before = {name: values(client, name) for name in WALKED}
    keeping.build("UTC")
    report = client.get(reverse("metrics:report", args=["channels"])).context["report"]
    assert isinstance(report.source, Rolled)
    assert {name: values(client, name) for name in WALKED} == before
