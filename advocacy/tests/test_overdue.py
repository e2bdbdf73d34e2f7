"""Overdue is one rule: whatever shows, finds or counts it says the same a second before, at and after the due time."""

import re
from datetime import timedelta

import pytest
from django.conf import settings

from mentions.models import Ticket, View
from mentions.queue import view_filters
from mentions.search import search
from mentions.tests.factories import NOON, MessageFactory, TicketFactory, UserFactory
from mentions.text import times
from metrics.definitions import in_time, overdue

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("seconds", "is_over"), [(-1, False), (0, False), (1, True)])
@pytest.mark.parametrize("status", Ticket.Status.values)
def test_every_place_agrees(seconds, is_over, status):
    user = UserFactory(role="manager")
    ticket = MessageFactory(ticket=TicketFactory(status=status, due_at=NOON)).ticket
    now = ticket.due_at + timedelta(seconds=seconds)
    is_open = status in ("new", "open")
    view = View(name="late", slug="late", filters={"overdue": True, "statuses": list(Ticket.Status.values)})
    assert view_filters.tickets_in(view, user, now).exists() == (is_over and is_open)
    assert bool(search.search("is:overdue", user, now=now).hits) == (is_over and is_open)
    assert Ticket.objects.filter(overdue(now)).exists() == (is_over and is_open)
    assert Ticket.objects.filter(in_time(now)).exists() == (not is_over and is_open)
    assert (times.due_state(ticket.due_at, now) == "overdue") == is_over
    assert times.due(ticket.due_at, now).startswith("overdue") == is_over


def test_the_pages_own_clock_has_the_same_rule():
    source = (settings.BASE_DIR / "static" / "js" / "times.js").read_text()
    assert re.findall(r'toggle\("overdue", ms (\S+) 0\)', source) == ["<"]
    assert re.findall(r'return ms (\S+) 0 \? say\("overdue"', source) == ["<"]
