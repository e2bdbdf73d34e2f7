"""Beside a ticket: other tickets about the same page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mentions.tests.factories import ChannelFactory, MessageFactory, TicketFactory

pytestmark = pytest.mark.django_db

PLACE = "blog.example/2026/acme"


def page(client, ticket):
    return client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()


@pytest.fixture
def story():
    ticket = TicketFactory(subject="The post itself")
    return MessageFactory(ticket=ticket, canonical_url=PLACE, namespace="manual").ticket


@pytest.mark.parametrize("where", ["canonical_url", "page_url"])
def test_the_same_page_on_another_platform_is_shown_on_both(client, sam, story, where):
    other = MessageFactory(ticket=TicketFactory(subject="Talk about it"), **{where: PLACE}).ticket
    assert "Talk about it" in page(client, story)
    assert "The post itself" in page(client, other)
    assert "Related mentions" in page(client, story)


def test_nothing_is_shown_where_nothing_is(client, sam, story):
    MessageFactory(canonical_url="blog.example/other", ticket=TicketFactory(subject="Another page"))
    MessageFactory(ticket=TicketFactory(subject="No address"))
    assert "Related mentions" not in page(client, story)


def test_hidden_and_merged_tickets_are_not_shown(client, sam, story):
    MessageFactory(ticket=TicketFactory(channel=ChannelFactory(visible_to=["admin"]), subject="hush"), page_url=PLACE)
    MessageFactory(ticket=TicketFactory(merged_into=story, subject="gone"), page_url=PLACE)
    html = page(client, story)
    assert "hush" not in html
    assert "Related mentions" not in html


def test_others_in_the_same_thread_are_not_elsewhere(client, sam):
    first, second = (
        MessageFactory(ticket=TicketFactory(subject=f"Asker {n}"), page_url=PLACE, thread_id="story-1") for n in (1, 2)
    )
    assert first.ticket != second.ticket
    assert "Related mentions" not in page(client, first.ticket)


def test_it_costs_one_statement_however_many_there_are(client, sam, story, django_assert_max_num_queries):
    def count():
        with django_assert_max_num_queries(60) as seen:
            page(client, story)
        return len(seen)

    page(client, story)
    MessageFactory(page_url=PLACE)
    one = count()
    for number in range(20):
        MessageFactory(page_url=PLACE, ticket=TicketFactory(subject=f"Talk {number}"))
    assert count() == one
    assert "More tickets mention this page." in page(client, story)
