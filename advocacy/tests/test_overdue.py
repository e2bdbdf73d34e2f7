"""Overdue is one rule: every page, search and count agrees a second before, at and after the due time."""

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.conf import settings

from mentions.models import Ticket, View
from mentions.queue import view_tickets
from mentions.queue.rows import first_of, rows, with_columns
from mentions.search import search
from mentions.templatetags import desk
from mentions.tests.factories import NOON, MessageFactory, TicketFactory, UserFactory
from mentions.text import times
from metrics.definitions import figure, in_time, overdue
from metrics.periods import Period

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("seconds", "is_over"), [(-1, False), (0, False), (1, True)])
@pytest.mark.parametrize("status", Ticket.Status.values)
def test_every_place_agrees(seconds, is_over, status):
    user = UserFactory(role="manager")
    ticket = MessageFactory(ticket=TicketFactory(status=status, due_at=NOON)).ticket
    now = ticket.due_at + timedelta(seconds=seconds)
    is_open = status in ("new", "open")
    view = View(name="late", slug="late", filters={"overdue": True, "statuses": list(Ticket.Status.values)})
    assert view_tickets.tickets_in(view, user, now).exists() == (is_over and is_open)
    assert bool(search.search("is:overdue", user, now=now).hits) == (is_over and is_open)
    assert Ticket.objects.filter(overdue(now)).exists() == (is_over and is_open)
    assert Ticket.objects.filter(in_time(now)).exists() == (not is_over and is_open)
    assert (times.due_state(ticket.due_at, now) == "overdue") == is_over
    assert times.due(ticket.due_at, now).startswith("overdue") == is_over


@pytest.mark.parametrize(("seconds", "is_soon"), [(-3601, False), (-3600, True), (0, True), (1, False)])
@pytest.mark.parametrize("status", Ticket.Status.values)
def test_due_soon_is_one_rule_too(seconds, is_soon, status):
    user = UserFactory(role="manager")
    ticket = MessageFactory(ticket=TicketFactory(status=status, due_at=NOON, channel__due_soon_minutes=60)).ticket
    now = ticket.due_at + timedelta(seconds=seconds)
    is_soon = is_soon and status in ("new", "open")
    view = View(name="soon", slug="soon", filters={"due_soon": True, "statuses": list(Ticket.Status.values)})
    others = View(name="rest", slug="rest", filters={"due_soon": False, "statuses": list(Ticket.Status.values)})
    assert view_tickets.tickets_in(view, user, now).exists() == is_soon
    assert view_tickets.tickets_in(others, user, now).exists() != is_soon
    assert bool(search.search("is:due-soon", user, now=now).hits) == is_soon
    assert Ticket.objects.filter(figure("due_soon", Period(NOON.date(), NOON.date()), now)).exists() == is_soon
    listed = View(name="all", slug="all", filters={})
    for records in (with_columns(Ticket.objects.all()), first_of(listed, user, now, 10)):
        for row in rows(records, now):
            assert ("due soon, in" in row.clock) == is_soon
            assert ('class="clock soon"' in row.clock) == is_soon
    assert ("due soon, in" in due_words(ticket, now)) == is_soon


def due_words(ticket, now):
    with mock.patch("mentions.templatetags.desk.desk_now", return_value=now):
        return desk.due(ticket)


def test_the_pages_own_clock_has_the_same_rule():
    source = (settings.BASE_DIR / "static" / "js" / "times.js").read_text()
    assert re.findall(r'toggle\("overdue", ms (\S+) 0\)', source) == ["<"]
    assert re.findall(r'return ms (\S+) 0 \? say\("overdue"', source) == ["<"]
    assert re.findall(r"soon = ms (\S+) 0 && Date.parse\(element.dataset.soon\) (\S+) Date.now", source) == [
        (">=", "<=")
    ]
