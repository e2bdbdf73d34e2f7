"""*Reached Out to Expert* and the key e are one act; *Expert Responded* by hand ends the request."""

from datetime import timedelta

import pytest
from django.urls import reverse

from experts.models import Outreach
from experts.tests.factories import ExpertFactory, OutreachFactory
from mentions.macros import macros, presets
from mentions.models import Macro, Ticket
from mentions.queue import claims
from mentions.tests.factories import NOON, AuthorFactory, MessageFactory, PersonFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


def preset(name):
    presets.load()
    return Macro.objects.get(name=f"Involving Experts::{name}")


@pytest.mark.parametrize("method", ["get", "post"])
def test_macro_opens_the_page_of_the_key_with_the_claim(client, sam, method, django_assert_max_num_queries):
    ticket, macro = MessageFactory().ticket, preset("Reached Out to Expert")
    client.force_login(sam)
    response = getattr(client, method)(
        reverse("mentions:macro", args=[ticket.pk]), {"macro": macro.pk, "token": "t"}, headers={"X-Fragment": "1"}
    )
    assert response.status_code == 302
    assert response.headers["Location"] == f"{reverse('experts:ask', args=[ticket.pk])}?token=t"
    assert not Outreach.objects.exists()
    assert Ticket.objects.get(pk=ticket.pk).waiting_on == ""


def test_macro_applied_past_its_page_changes_nothing(sam):
    ticket = claims.claim(sam, MessageFactory().ticket_id, NOON)
    with pytest.raises(OutcomeRefused, match="press e"):
        macros.apply(preset("Reached Out to Expert"), ticket.pk, sam, ticket.claim_token, now=NOON)
    assert Ticket.objects.get(pk=ticket.pk).waiting_on == ""


def test_action_that_opens_a_page_must_be_the_only_one():
    said = macros.check([{"do": "ask_expert"}, {"do": "assign_me"}])
    assert "only action" in said[0]


@pytest.mark.parametrize("name", ["Jo", "jo ", "somebody outside the directory"])
def test_expert_responded_by_hand_ends_the_request_once(sam, name):
    jo = PersonFactory(is_us=True, name="Jo")
    asked, other = OutreachFactory(expert=ExpertFactory(person=jo)), None
    other = OutreachFactory(ticket=asked.ticket)
    MessageFactory(ticket=asked.ticket)
    token = claims.claim(sam, asked.ticket_id, NOON).claim_token
    macros.apply(preset("Expert Responded"), asked.ticket_id, sam, token, values={"expert": name}, now=NOON)
    asked.refresh_from_db()
    other.refresh_from_db()
    assert (asked.state, other.state) == ("answered", "withdrawn")
    assert asked.answered_by == (jo if name.strip().lower() == "jo" else None)
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert ticket.status == "solved"
    assert [tag.name for tag in ticket.tags.all()] == ["expert-responded"]


def test_expert_responded_without_a_request_is_as_before(sam):
    ticket = claims.claim(sam, MessageFactory().ticket_id, NOON)
    macros.apply(preset("Expert Responded"), ticket.pk, sam, ticket.claim_token, values={"expert": "Jo"}, now=NOON)
    assert Ticket.objects.get(pk=ticket.pk).status == "solved"


def test_expert_responded_with_the_answer_in_the_ticket_is_both_macros(sam):
    """As the handbook has it for a tweet: the response is threaded in the same ticket."""
    asked = OutreachFactory()
    author = AuthorFactory(person=PersonFactory(is_us=True))
    MessageFactory(ticket=asked.ticket, posted_at=NOON)
    MessageFactory(ticket=asked.ticket, direction="team", author=author, posted_at=NOON + timedelta(hours=1))
    now = NOON + timedelta(hours=2)
    token = claims.claim(sam, asked.ticket_id, now).claim_token
    macros.apply(preset("Expert Responded"), asked.ticket_id, sam, token, values={"expert": "Jo"}, now=now)
    tags = {tag.name for tag in Ticket.objects.get(pk=asked.ticket_id).tags.all()}
    assert tags == {"expert-responded", "expert-response"}
