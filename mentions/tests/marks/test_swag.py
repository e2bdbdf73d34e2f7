"""Swag is suggested by rule, once, and settled when somebody has received something; the desk sends nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.models import OutboundItem
from mentions.codes import stock
from mentions.marks import swag
from mentions.models import CodeStock, Macro, Mark, SwagRule, SwagSuggestion, ThreadPost
from mentions.people import accounts, marks
from mentions.people.marks import Decision
from mentions.tests.factories import NOON, AuthorFactory, EventFactory, MessageFactory, TicketFactory, UserFactory

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=1)


@pytest.fixture
def rules():
    macro = Macro.objects.create(name="Merch::Swag", actions=[])
    return {when: SwagRule.objects.create(name=when, when=when, macro=macro) for when in SwagRule.When.values}


@pytest.fixture
def ana():
    author = AuthorFactory(external_id="ana", name="Ana Lima")
    author.ticket = MessageFactory(author=author, ticket__requester=author).ticket
    return author


def marked(author, kind="contributor", *, source="webhook", at=NOON):
    return marks.mark_author(author.pk, Decision(kind, True, source, at)).person


def suggested():
    return sorted(SwagSuggestion.objects.values_list("rule__when", "state"))


def test_a_first_contribution_suggests_swag_once_and_sends_nothing(rules, ana):
    marked(ana)
    assert [swag.suggest(NOON), swag.suggest(NOON), swag.suggest(LATER)] == [1, 0, 0]
    marks.mark_author(ana.pk, Decision("contributor", False, "hand", LATER))
    marks.mark_author(ana.pk, Decision("contributor", True, "hand", LATER + timedelta(hours=1)))
    swag.suggest(LATER + timedelta(hours=2))
    assert suggested() == [("first", "open")]
    assert not OutboundItem.objects.exists()


def test_whoever_is_on_a_list_without_a_day_or_came_long_ago_is_no_news(rules, ana):
    marked(ana, source="list")
    marked(AuthorFactory(), at=NOON - timedelta(days=60))
    assert swag.suggest(NOON) == 0
    SwagRule.objects.update(is_active=False)
    marked(AuthorFactory())
    assert swag.suggest(NOON) == 0


def test_a_contributor_who_speaks_in_the_conversation_of_somebody_else_has_helped(rules, ana):
    person = marked(ana, source="list")
    other = MessageFactory()
    assert swag.suggest(LATER) == 0
    MessageFactory(ticket=ana.ticket, author=ana, posted_at=NOON + timedelta(hours=1))
    assert swag.suggest(LATER) == 0
    MessageFactory(ticket=other.ticket, author=ana, posted_at=NOON + timedelta(hours=1))
    assert swag.suggest(LATER) == 1
    found = SwagSuggestion.objects.get()
    assert (found.rule, found.person, found.ticket) == (rules["helped"], person, other.ticket)


def test_a_post_around_the_conversation_counts_too(rules, ana):
    marked(ana, "core", source="list")
    other = MessageFactory()
    ThreadPost.objects.create(
        namespace=ana.namespace, external_id="p1", thread_id=other.thread_id, author_external_id="ana",
        posted_at=NOON + timedelta(hours=1), digest=b"0" * 16, version_at=NOON,
    )  # fmt: skip
    swag.suggest(LATER)
    assert suggested() == [("helped", "open")]


def test_whoever_joins_the_core_team(rules, ana):
    marked(ana, "core")
    swag.suggest(LATER)
    assert suggested() == [("core", "open")]


def test_a_code_or_the_macro_closes_the_suggestion(rules, ana, admin_user):
    marked(ana)
    other = AuthorFactory()
    marked(other)
    swag.suggest(NOON)
    codes = CodeStock.objects.create(name="swag")
    stock.import_codes(codes, "CODE-1", admin_user, LATER)
    stock.draw(codes, ana.ticket, admin_user, LATER)
    applied = {"macro": rules["first"].macro_id}
    EventFactory(ticket=TicketFactory(requester=other), kind="macro", at=LATER, actor=admin_user, data=applied)
    assert swag.suggest(LATER) == 2
    assert suggested() == [("first", "given"), ("first", "given")]
    assert set(SwagSuggestion.objects.values_list("decided_by", flat=True)) == {admin_user.pk}


def test_it_is_shown_beside_the_conversation_and_decided_and_opened_again(client, rules, ana):
    client.force_login(UserFactory(role="advocate"))
    marked(ana)
    swag.suggest(NOON)
    found = SwagSuggestion.objects.get()
    beside, listed = f"/tickets/{ana.ticket.pk}/", "/contributors/"
    assert all("Not this time" in client.get(page).content.decode() for page in (beside, listed))
    answer = client.post(f"/contributors/swag/{found.pk}/", {"state": "declined", "ticket": ana.ticket.pk})
    assert answer.headers["Location"] == beside
    assert all("Not this time" not in client.get(page).content.decode() for page in (beside, listed))
    client.post(f"/contributors/swag/{found.pk}/", {"state": "open"})
    client.post(f"/contributors/swag/{found.pk}/", {"state": "nonsense"})
    found.refresh_from_db()
    assert (found.state, found.decided_by) == ("open", None)


def test_joined_people_are_not_suggested_twice(rules, ana):
    other = AuthorFactory()
    marked(ana)
    marked(other)
    swag.suggest(NOON)
    accounts.same_human(ana.pk, other.pk)
    assert swag.suggest(LATER) == 0
    assert suggested() == [("first", "open")]
    assert Mark.objects.count() == 1


def test_a_rule_that_has_suggested_something_is_not_deleted(client, rules, ana):
    """Deleting it would also delete who received what through it, including people the admin may not see."""
    marked(ana)
    swag.suggest(NOON)
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    for rule in rules.values():
        client.post(f"/admin/mentions/swagrule/{rule.pk}/delete/", {"post": "yes"})
    assert [rule.when for rule in SwagRule.objects.all()] == ["first"]
    assert SwagSuggestion.objects.count() == 1
