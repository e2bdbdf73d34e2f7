"""The panels of all floors next to a ticket: what has nothing to read costs nothing, and shows what it would show."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from advocacy.tests import restricted
from mentions.models import Ticket
from mentions.tests.factories import MessageFactory, TicketFactory, UserFactory
from mentions.tickets.conversation import thread_of
from mentions.views import panels
from team.models import Expertise

pytestmark = pytest.mark.django_db
ASKING = [each for each in panels.registered() if each.rows]
OWN = {"elsewhere", "experts"}
"""Each has one statement of its own, also where there is nothing: it knows more than that."""


@pytest.fixture
def shown():
    """(request, ticket, thread) of a ticket with one message, for somebody who may do everything."""
    ticket = MessageFactory(ticket=TicketFactory()).ticket
    request = RequestFactory().get("/")
    request.user = UserFactory(role="manager", is_superuser=True)
    ticket = Ticket.objects.select_related("channel__connection", "requester").get(pk=ticket.pk)
    return request, ticket, thread_of(ticket)


def test_all_panels_without_rows_are_asked_for_in_one_statement(shown):
    panels.shown_for(*shown)  # the first time prepares the statements
    with CaptureQueriesContext(connection) as found:
        panels.shown_for(*shown)
    assert len(found) <= 1 + len(OWN), [each["sql"] for each in found]


def test_each_panel_is_filled_where_there_is_something_to_read():
    built = restricted.build()
    Expertise.objects.create(name="Security", channels=[built.hidden.slug])
    request = RequestFactory().get("/")
    request.user = UserFactory(role="advocate", is_superuser=True)
    ticket = Ticket.objects.select_related("channel__connection", "requester").get(pk=built.secret.ticket.pk)
    found = {each.panel.name: each.context for each in panels.shown_for(request, ticket, thread_of(ticket))}
    for panel in ASKING:
        blank = panel.blank(request, ticket) if panel.blank else None
        assert found.get(panel.name) not in (None, blank), panel.name


@pytest.mark.parametrize("panel", ASKING, ids=lambda panel: panel.name)
def test_a_panel_without_rows_shows_what_its_context_would(shown, panel):
    request, ticket, thread = shown
    assert panel.name in panels._without_rows(ticket)
    blank = panel.blank(request, ticket) if panel.blank else None
    assert panel.context(request, ticket, thread) == blank
