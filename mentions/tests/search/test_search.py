"""Search: words, phrases, fields; never an error, never more than the user may see, never foreign mark-up."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentions.models import Attachment
from mentions.search import query_language, search
from mentions.tests.factories import (
    NOON,
    AuthorFactory,
    ChannelFactory,
    MessageFactory,
    TagFactory,
    TicketFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate", username="sam")


def said(text, **ticket):
    return MessageFactory(ticket=TicketFactory(**ticket), text=text).ticket


def found(text, user):
    return [hit.ticket_id for hit in search.search(text, user, now=NOON).hits]


def test_words_phrases_and_negation(sam):
    proxy = said("The runner hangs behind a proxy")
    other = said("A proxy for the runner")
    assert set(found("runner proxy", sam)) == {proxy.pk, other.pk}
    assert found('"behind a proxy"', sam) == [proxy.pk]
    assert found("runner -hangs", sam) == [other.pk]


def test_ticket_with_many_hits_is_found_once(sam):
    ticket = said("runner")
    for _ in range(3):
        MessageFactory(ticket=ticket, text="runner runner")
    assert found("runner", sam) == [ticket.pk]


def test_fields(sam):
    channel = ChannelFactory(slug="acme", name="Acme main", address="acme")
    author = AuthorFactory(handle="jane_dev", name="Jane D.")
    ticket = said("runner", channel=channel, requester=author, status="pending", priority=30, assignee=sam)
    ticket.tags.add(TagFactory(name="ci"))
    Attachment.objects.create(message=ticket.messages.get(), name="a", type="text/plain", size=1, sha256="0")
    said("runner")
    for term in (
        *("status:pending", "channel:acme", "channel:@acme", 'channel:"Acme main"', "tag:CI", "author:@jane_dev"),
        *('author:"jane d."', "from:jane_dev", "assignee:sam", "assignee:me", "priority:high", "has:attachment"),
        *("is:mine", "is:pending", "-is:unassigned", "-status:new"),
    ):
        assert found(term, sam) == [ticket.pk], term
        assert found(f"{term} runner", sam) == [ticket.pk], term
        assert ticket.pk not in found(f"-{term} runner" if term[0] != "-" else f"{term[1:]} runner", sam), term


def test_dates_and_overdue(sam):
    ticket = said("runner")
    assert found("before:2026-11-03 after:2026-11-01", sam) == [ticket.pk]
    assert found("after:2026-11-02", sam) == []
    assert found("is:overdue", sam) == []
    late = search.search("is:overdue", sam, now=NOON.replace(hour=23))
    assert [hit.ticket_id for hit in late.hits] == [ticket.pk]


def test_what_is_not_understood_is_named_and_left_out(sam):
    ticket = said("runner")
    results = search.search("runner status:done before:yesterday", sam)
    assert [hit.ticket_id for hit in results.hits] == [ticket.pk]
    assert len(results.problems) == 2


@pytest.mark.parametrize("field", query_language.FIELDS)
def test_a_value_that_a_field_does_not_know_is_answered_with_those_it_knows(field):
    for problem in query_language.parse(f"{field}:nonsense").problems:
        assert "“" in problem
        assert "nonsense" in problem
        hint = re.search(r"(?:Use one of|Write it as) (.+)\.$", problem)
        assert hint, problem
        for value in hint[1].split(", "):
            assert query_language.parse(f"{field}:{value}").problems == ()


def test_unknown_field_is_searched_as_words(sam):
    ticket = said("see https://docs.acme.example/runner for more")
    assert found("https://docs.acme.example/runner", sam) == [ticket.pk]


def test_common_word_takes_the_other_way_to_the_same_end(sam, monkeypatch):
    tickets = [said(f"runner number {n}") for n in range(5)]
    rare = found("runner", sam)
    monkeypatch.setattr(search, "COMMON", -1)
    assert found("runner", sam) == rare
    assert set(rare) == {ticket.pk for ticket in tickets}
    assert set(found("runner status:new", sam)) == set(rare)


def test_only_the_newest_candidates_are_ranked(sam, monkeypatch):
    monkeypatch.setattr(search, "CANDIDATES", 2)
    tickets = [said("runner") for _ in range(4)]
    assert set(found("runner", sam)) == {tickets[-1].pk, tickets[-2].pk}


def test_pages_hold_every_hit_once(sam):
    tickets = {said(f"runner {n}").pk for n in range(45)}
    seen, cursor = [], None
    while True:
        page = search.search("runner", sam, cursor)
        seen += [hit.ticket_id for hit in page.hits]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 45
    assert set(seen) == tickets


def test_excerpt_is_escaped_and_marked(sam):
    said("<script>alert(1)</script> the \x02runner\x03 & <b>more</b>")
    excerpt = search.search("runner", sam).hits[0].excerpt
    assert "<script>" not in excerpt
    assert "<b>" not in excerpt
    assert "<mark>runner</mark>" in excerpt


def test_field_search_excerpt_is_escaped(sam):
    said("<img src=x onerror=alert(1)> \x02<b>")
    assert "<img" not in search.search("status:new", sam).hits[0].excerpt


def test_hidden_channel_and_missing_right_show_nothing(sam):
    said("runner", channel=ChannelFactory(visible_to=["manager"]))
    assert found("runner", sam) == []
    assert found("status:new", sam) == []
    assert found("runner", UserFactory(role=None)) == []
    assert len(found("runner", UserFactory(role="manager"))) == 1


def test_number_of_queries_is_constant(sam):
    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            search.search("runner status:new", sam)
        return len(queries)

    said("runner")
    search.search("x", sam)
    one = count()
    for n in range(30):
        said(f"runner {n}")
    assert count() == one


PIECES = (
    *('"', "-", ":", "(", ")", "&", "|", "!", "<", ">", "*", "\\", "'", "%", "%s", "%(me)s", "\0", "\ud800", " ", "é"),
    *("status:", "is:", "has:", "before:", "tag:", "author:", "from:", "runner", "the", "0", "9999-99-99", "{", "$$"),
)
ALPHABET = st.sampled_from(PIECES)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
@given(text=st.one_of(st.lists(ALPHABET, max_size=12).map("".join), st.text(max_size=60)), cursor=st.text(max_size=6))
def test_nothing_that_is_typed_is_an_error(text, cursor, sam):
    search.search(text, sam, cursor)
    query_language.parse(text)
